"""Puts privacy together. The only module that names adapters; nothing is connected until something is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

from flask import Flask

from nexoraz.events import participant
from nexoraz.events.buckets import Bucket, S3Bucket
from nexoraz.events.holdings import Holdings
from nexoraz.events.objects import Objects
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.projector import RebuildableProjection
from nexoraz.events.registry import Registry
from nexoraz.events.restoration import SUBJECT as ERASURES
from nexoraz.events.runtime import Runtime, WorkerPlan
from nexoraz.events.sql_store import now
from nexoraz.events.worker import Periodic
from nexoraz.privacy.adapters import published, subscribed
from nexoraz.privacy.adapters.archive_store import SealedArchives
from nexoraz.privacy.adapters.certificate_book import SealedSigningKeys, SqlCertificateBook
from nexoraz.privacy.adapters.documents import StoredDocuments
from nexoraz.privacy.adapters.erasure_register import ErasureRegister
from nexoraz.privacy.adapters.export_keys import SqlExportKeys
from nexoraz.privacy.adapters.holdings import RULES, held
from nexoraz.privacy.adapters.ledger import BucketLedger
from nexoraz.privacy.adapters.referral_contents import RpcLetters, SealedContents
from nexoraz.privacy.adapters.upload_grants import SUBJECT, UploadGrants
from nexoraz.privacy.application.capability import token_hash
from nexoraz.privacy.application.follow_ups import ASSEMBLE, FollowUps
from nexoraz.privacy.application.referrals import Letters
from nexoraz.privacy.application.use_cases import Ports, Terms, UseCases, use_cases
from nexoraz.privacy.config import Settings
from nexoraz.privacy.domain.consent import ConsentDecided
from nexoraz.privacy.domain.events import REQUEST_EVENTS, KeyEpochEnded, ParticipantAnnounced, RetentionNoted
from nexoraz.privacy.domain.hold import HOLD_EVENTS
from nexoraz.privacy.domain.oversight import OperatorAccess
from nexoraz.privacy.domain.policy import POLICY_VERSION, VERSIONS
from nexoraz.privacy.domain.policy_change import PolicyAccepted, PolicyChangeAnnounced, PolicyChangeTold
from nexoraz.privacy.domain.referral import REFERRAL_EVENTS
from nexoraz.privacy.domain.words import WordsWritten
from nexoraz.privacy.projections.accesses import OperatorAccesses
from nexoraz.privacy.projections.consents import ConsentRecords
from nexoraz.privacy.projections.export_progress import SqlExportProgress
from nexoraz.privacy.projections.holds import Holds, RetentionReport
from nexoraz.privacy.projections.participants import KeyEpochs, Participants
from nexoraz.privacy.projections.policy_notices import PolicyNotices
from nexoraz.privacy.projections.queue import Objections, RequestParticipants
from nexoraz.privacy.projections.referrals import ReferralRecords
from nexoraz.privacy.projections.requests import AccountRequests, RequestRecords, SqlRequestBook
from nexoraz.privacy.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.privacy.web.admin import admin_blueprint
from nexoraz.privacy.web.consents import add_gpc, consents_blueprint, visitors_blueprint
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.documents import documents_blueprint
from nexoraz.privacy.web.handling import add_handling
from nexoraz.privacy.web.holds import HoldDesk, add_hold_routes, holds_blueprint
from nexoraz.privacy.web.policy import add_policy_notice, policy_blueprint
from nexoraz.privacy.web.refusals import REFUSALS, install_answers
from nexoraz.privacy.web.register import register_blueprint
from nexoraz.privacy.web.routes import following_blueprint, requests_blueprint
from nexoraz.privacy.web.support import add_support, support_blueprint
from nexoraz.service import chassis
from nexoraz.service.allowances import allowances_of
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator
from nexoraz.service.database import ping
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.settings import Secret

REGISTRY = Registry.of(
    [
        *REQUEST_EVENTS,
        *HOLD_EVENTS,
        ParticipantAnnounced,
        KeyEpochEnded,
        RetentionNoted,
        OperatorAccess,
        WordsWritten,
        ConsentDecided,
        PolicyChangeAnnounced,
        PolicyChangeTold,
        PolicyAccepted,
        *REFERRAL_EVENTS,
        *PROTOCOL_EVENTS,
    ]
)
SERVICE, VERSION, ROOT = "privacy", "1.0.0", Path(__file__).resolve().parents[3]
EXAMPLE = Settings(
    database_url=Secret("postgresql://localhost/nexoraz_privacy"),
    vault_database_url=Secret("postgresql://localhost/nexoraz_privacy_vault"),
    vault_kek_dir=Path("kek"),
    nats_url="nats://localhost",
    nats_password=Secret("example"),
    s3_endpoint="http://localhost:9000",
    s3_access_key=Secret("example"),
    s3_secret_key=Secret("example"),
)
"""Settings to describe the service with; no secret is in them and nothing is reached by them."""
MINUTE = 60.0
PARTICIPANTS = Participants()
PROJECTIONS: Mapping[str, RebuildableProjection] = {
    "requests": RequestRecords(),
    "account_requests": AccountRequests(),
    "participants": PARTICIPANTS,
    "accesses": OperatorAccesses(),
    "request_participants": RequestParticipants(),
    "objections": Objections(),
    "consents": ConsentRecords(),
    "policy_notices": PolicyNotices(),
    "referrals": ReferralRecords(),
    "key_epochs": KeyEpochs(),
    "retention": RetentionReport(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class App(participant.Participant):
    """Privacy, wired."""

    settings: Settings
    objects: Objects
    ports: Ports
    use_cases: UseCases
    held: Holds

    def web(self) -> Flask:
        """The HTTP side. Touches its database and its bucket only."""
        return self.flask(IdempotencyKeys.of(self.runtime))

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        desk = Desk(
            self.runtime.store,
            self.runtime.engine,
            self.use_cases.requests,
            self.use_cases.oversight,
            self.use_cases.handling,
            self.use_cases.consents,
            self.use_cases.policy_changes,
            self.use_cases.referrals,
            StoredDocuments(self.runtime.engine, self.objects),
            self.runtime.vault,
            self.ports.clock,
            most_watchers=max(1, self.settings.web_threads // 2),
        )
        folder = files("nexoraz.privacy") / "policy"
        texts = {v.version: (folder / f"{v.version}.md").read_text(encoding="utf-8") for v in VERSIONS}
        hold_desk, admin = HoldDesk(desk, self.use_cases.holds, self.held), admin_blueprint(desk)
        add_hold_routes(admin, hold_desk)
        app = create_app(
            SERVICE,
            VERSION,
            self.settings,
            [
                requests_blueprint(desk),
                following_blueprint(desk),
                add_support(add_policy_notice(add_handling(admin, desk), desk), desk),
                holds_blueprint(hold_desk),
                add_gpc(documents_blueprint(desk, texts[POLICY_VERSION])),
                policy_blueprint(desk, texts),
                register_blueprint(desk),
                support_blueprint(desk),
                consents_blueprint(desk),
                visitors_blueprint(desk),
            ],
            {"database": ping(self.runtime.engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(self.runtime.engine, AUTH, self.settings.public_url, self._time),
            idempotency_keys=idempotency_keys,
            allowances=allowances_of(self.runtime.engine, idempotency_keys, self.settings.throttle_factor),
            may_serve=self.runtime.guard.may_serve,
        )
        install_answers(app)
        return app

    @property
    def register(self) -> ErasureRegister:
        """Who was asked to erase whom."""
        return ErasureRegister(self.runtime.store, SERVICE)

    def plan(self) -> WorkerPlan:
        """The tasks, and what is listened to."""
        return WorkerPlan(
            translate=published.translate,
            handlers=subscribed.handlers(
                self.use_cases.answers, self.use_cases.policy_changes, self.settings.participants
            ),
            task_handlers=self.use_cases.task_handlers(),
            rpc_handlers={
                SUBJECT: UploadGrants(self.use_cases.exports, self.objects),
                ERASURES: self.register,
            },
            register=self.register,
            recall=self.use_cases.recollection.recall,
            task_concurrency={ASSEMBLE: 2},
            periodic=[Periodic("holds", MINUTE, self.use_cases.holds.release_expired)],
        )

    def start(self) -> None:
        """Have the keys by which it signs and knows tokens: older than any request, so that every backup has them."""
        token_hash(self.ports.hashes, "")
        with self.runtime.store.transaction() as tx:
            self.ports.signing.current(tx)
        participant.Participant.start(self)  # a class with slots has no super() of its own

    def _time(self) -> float:
        return self.ports.clock().timestamp()


def build(
    settings: Settings,
    clock: Callable[[], datetime] = now,
    bucket: Bucket | None = None,
    letters: Letters | None = None,
) -> App:
    """Wire privacy. The arguments stand in for the time, for S3 and for who mails in tests."""
    runtime = Runtime.wire(SERVICE, chassis, settings, KERNEL, REGISTRY, lambda _: list(PROJECTIONS.values()))
    held_back = Holds(runtime.vault)
    runtime.store.inline.append(held_back)
    runtime.store.inline.append(FollowUps(runtime.tasks))
    objects = Objects(bucket or S3Bucket.of(settings), runtime.vault)
    runtime.store.clock = clock
    holdings = Holdings(SERVICE, runtime.store, METADATA, runtime.vault, held(objects), RULES)
    book = SqlRequestBook()
    # Nobody asks for the account from its erasure on.
    participation = runtime.participation(holdings, on_begun=book.lock_account)
    documents = StoredDocuments(runtime.engine, objects)
    ports = Ports(
        store=runtime.store,
        queue=runtime.tasks,
        book=book,
        holds=held_back,
        roster=PARTICIPANTS,
        hashes=runtime.vault,
        export_keys=SqlExportKeys(runtime.engine, runtime.vault),
        archives=SealedArchives(objects),
        export_progress=SqlExportProgress(),
        signing=SealedSigningKeys(runtime.vault, clock),
        certificates=SqlCertificateBook(),
        ledger=BucketLedger(objects.bucket, documents.keys),
        contents=SealedContents(runtime.vault),
        letters=letters or RpcLetters(runtime.rpc),
        clock=clock,
        new_id=lambda: str(uuid4()),
    )
    return App(
        settings=settings,
        runtime=runtime,
        holdings=holdings,
        participation=participation,
        read_models={**PROJECTIONS, "holds": held_back},
        held=held_back,
        objects=objects,
        ports=ports,
        use_cases=use_cases(ports, _terms(settings)),
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        grace=timedelta(hours=settings.grace_hours),
        archives_kept_for=timedelta(days=settings.archive_days),
        required=frozenset(settings.participants),
        issuer=settings.public_url,
        policy_version=POLICY_VERSION,
    )


def migrate_databases(settings: Settings) -> None:
    """Bring privacy's database and its vault to the newest version."""
    participant.migrate_databases(chassis, settings, ROOT / "migrations")


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    return app.documents(published.CONTRACTS, openapi_document(app.flask(None)))
