"""Puts privacy together. The only module that names adapters; nothing is connected until something is asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from flask import Flask
from minio import Minio

from nexoraz.events.buckets import Bucket, S3Bucket
from nexoraz.events.bus import NatsSettings
from nexoraz.events.classification import OPERATIONAL, PSEUDONYM, Personal
from nexoraz.events.documents import dump, event_documents
from nexoraz.events.holdings import Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.objects import Objects
from nexoraz.events.participation import PROTOCOL_EVENTS, Participation
from nexoraz.events.projector import RebuildableProjection, rebuild
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan, worker_parts
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import WorkerParts, run_worker
from nexoraz.privacy.adapters import published, subscribed
from nexoraz.privacy.adapters.archive_store import SealedArchives
from nexoraz.privacy.adapters.certificate_book import SealedSigningKeys, SqlCertificateBook
from nexoraz.privacy.adapters.documents import StoredDocuments
from nexoraz.privacy.adapters.export_keys import SqlExportKeys
from nexoraz.privacy.adapters.holdings import held
from nexoraz.privacy.adapters.upload_grants import SUBJECT, UploadGrants
from nexoraz.privacy.application.follow_ups import ASSEMBLE, FollowUps
from nexoraz.privacy.application.use_cases import Ports, Terms, UseCases, use_cases
from nexoraz.privacy.config import Settings
from nexoraz.privacy.domain.events import REQUEST_EVENTS, KeyEpochEnded, ParticipantAnnounced
from nexoraz.privacy.domain.oversight import OperatorAccess
from nexoraz.privacy.domain.policy import POLICY_VERSION
from nexoraz.privacy.projections.accesses import OperatorAccesses
from nexoraz.privacy.projections.participants import KeyEpochs, Participants
from nexoraz.privacy.projections.requests import AccountRequests, RequestRecords, SqlRequestBook
from nexoraz.privacy.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.privacy.web.admin import admin_blueprint
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.documents import documents_blueprint
from nexoraz.privacy.web.refusals import REFUSALS, install_answers
from nexoraz.privacy.web.routes import following_blueprint, requests_blueprint
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator, revoke
from nexoraz.service.database import make_engine, ping
from nexoraz.service.expiry import purge_chassis
from nexoraz.service.health import serve_health
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from nexoraz.service.tables import classified
from nexoraz.service.telemetry import current_traceparent

classified(
    METADATA,
    {"pseudonym": PSEUDONYM, "operational": OPERATIONAL, "sealed": Personal("user.behavior", purpose="idempotency")},
)
REGISTRY = Registry.of([*REQUEST_EVENTS, ParticipantAnnounced, KeyEpochEnded, OperatorAccess, *PROTOCOL_EVENTS])
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
PARTICIPANTS = Participants()
PROJECTIONS: Mapping[str, RebuildableProjection] = {
    "requests": RequestRecords(),
    "account_requests": AccountRequests(),
    "participants": PARTICIPANTS,
    "accesses": OperatorAccesses(),
    "key_epochs": KeyEpochs(),
}


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """Privacy, wired."""

    settings: Settings
    runtime: Runtime
    objects: Objects
    holdings: Holdings
    participation: Participation
    ports: Ports
    use_cases: UseCases

    def web(self) -> Flask:
        """The HTTP side. Touches its database and its bucket only."""
        return self.flask(self._idempotency_keys())

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        desk = Desk(
            self.runtime.store,
            self.runtime.engine,
            self.use_cases.requests,
            self.use_cases.oversight,
            StoredDocuments(self.runtime.engine, self.objects),
            self.runtime.vault,
            self.ports.clock,
            most_watchers=max(1, self.settings.web_threads // 2),
        )
        text = (files("nexoraz.privacy") / "policy" / f"{POLICY_VERSION}.md").read_text(encoding="utf-8")
        app = create_app(
            SERVICE,
            VERSION,
            self.settings,
            [
                requests_blueprint(desk),
                following_blueprint(desk),
                admin_blueprint(desk),
                documents_blueprint(desk, text),
            ],
            {"database": ping(self.runtime.engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(self.runtime.engine, AUTH, self.settings.public_url, self._time),
            idempotency_keys=idempotency_keys,
        )
        install_answers(app)
        return app

    def worker(self) -> WorkerParts:
        """The relay, the consumers and the tasks."""
        plan = WorkerPlan(
            translate=published.translate,
            handlers=subscribed.handlers(self.use_cases.answers, self.settings.participants),
            task_handlers=self.use_cases.task_handlers(),
            rpc_handlers={SUBJECT: UploadGrants(self.use_cases.exports, self.objects)},
            housekeeping=[purge_chassis],
            task_concurrency={ASSEMBLE: 2},
        )
        nats = NatsSettings.of(self.settings)
        return worker_parts(self.runtime, self.participation, plan, nats, self._serve_health)

    def start(self) -> None:
        """Once per worker: say what privacy holds, and have a key to sign with."""
        with self.runtime.store.transaction() as tx:
            self.ports.signing.current(tx)
        self.participation.announce()

    def run_worker(self) -> None:
        """Work until SIGTERM."""
        self.start()
        run_worker(self.worker())

    def rebuild(self, names: Sequence[str]) -> list[str]:
        """Make the named read models (all without a name) anew from the events; a line for each."""
        chosen = names or list(PROJECTIONS)
        return [f"{name}: {rebuild(self.runtime.store, PROJECTIONS[name])} events replayed" for name in chosen]

    def _time(self) -> float:
        return self.ports.clock().timestamp()

    async def _serve_health(self, checks: Mapping[str, Callable[[], object]]) -> asyncio.Server:
        return await serve_health(self.settings.bind, checks)

    def _idempotency_keys(self) -> IdempotencyKeys:
        vault = self.runtime.vault

        def seal(owner: str, answer: bytes) -> bytes:
            return vault.seal(owner, "idempotency", answer, "answer")

        def open_(owner: str, sealed: bytes) -> bytes:
            return vault.open(owner, "idempotency", sealed, "answer")

        return IdempotencyKeys(vault.derive("", "idempotency", b"hash"), seal, open_)


def build(settings: Settings, clock: Callable[[], datetime] = now, bucket: Bucket | None = None) -> App:
    """Wire privacy. `clock` and `bucket` stand in for the time and for S3 in tests."""
    runtime = Runtime.wire(
        SERVICE,
        make_engine(settings.database_url),
        make_engine(settings.vault_database_url, pool_size=4),
        settings.vault_kek_dir,
        KERNEL,
        REGISTRY,
        inline=lambda _vault: list(PROJECTIONS.values()),
        traceparent=current_traceparent,
    )
    runtime.store.inline.append(FollowUps(runtime.tasks))
    objects = Objects(bucket or _bucket(settings), runtime.vault)
    holdings = Holdings(SERVICE, runtime.store, METADATA, runtime.vault, held(objects))
    # Its own messages stay: a service that was away, or is restored, must still hear what was asked of it.
    participation = runtime.participation(holdings, on_begun=_close(SqlRequestBook()), purges_bus=False)
    ports = Ports(
        store=runtime.store,
        queue=runtime.tasks,
        book=SqlRequestBook(),
        roster=PARTICIPANTS,
        hashes=runtime.vault,
        export_keys=SqlExportKeys(runtime.engine, runtime.vault),
        archives=SealedArchives(objects),
        signing=SealedSigningKeys(runtime.vault, clock),
        certificates=SqlCertificateBook(),
        clock=clock,
        new_id=lambda: str(uuid4()),
    )
    return App(settings, runtime, objects, holdings, participation, ports, use_cases(ports, _terms(settings)))


def _terms(settings: Settings) -> Terms:
    return Terms(
        grace=timedelta(hours=settings.grace_hours),
        archives_kept_for=timedelta(days=settings.archive_days),
        required=frozenset(settings.participants),
        issuer=settings.public_url,
        policy_version=POLICY_VERSION,
    )


def _close(book: SqlRequestBook) -> Callable[[Transaction, str], None]:
    """Refuse the account's tokens, and let nobody ask for it from now on."""

    def close(tx: Transaction, account_id: str) -> None:
        book.lock_account(tx, account_id)
        revoke(connection_of(tx), account_id)

    return close


def _bucket(settings: Settings) -> S3Bucket:
    address = urlsplit(settings.s3_endpoint)
    client = Minio(
        address.netloc,
        settings.s3_access_key.reveal(),
        settings.s3_secret_key.reveal(),
        secure=address.scheme == "https",
        region="us-east-1",
    )
    return S3Bucket(client, settings.s3_bucket)


def migrate_databases(settings: Settings) -> None:
    """Bring privacy's database and its vault to the newest version."""
    migrate(settings.database_url, ROOT / "migrations")
    migrate_vault(make_engine(settings.vault_database_url), LocalKek(settings.vault_kek_dir))


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    openapi = {"openapi.json": dump(openapi_document(app.flask(None)))}
    return openapi | event_documents(SERVICE, REGISTRY, METADATA, app.holdings, published.CONTRACTS)
