"""Puts identity together. The only module that names adapters; nothing is connected until something is asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from flask import Flask

from nexoraz.events.bus import NatsSettings
from nexoraz.events.documents import dump, event_documents
from nexoraz.events.holdings import Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.participation import PROTOCOL_EVENTS, Participation
from nexoraz.events.projector import RebuildableProjection, rebuild
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import HOUR, Purge, Runtime, WorkerPlan, worker_parts
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import Periodic, WorkerParts, run_worker
from nexoraz.identity.adapters import published, subscribed
from nexoraz.identity.adapters.argon2id import Argon2Passwords
from nexoraz.identity.adapters.closing import CloseAccount
from nexoraz.identity.adapters.credentials import SqlCredentials
from nexoraz.identity.adapters.holdings import held
from nexoraz.identity.adapters.mails import SqlMailbox
from nexoraz.identity.adapters.private_keys import SqlPrivateKeys
from nexoraz.identity.adapters.schema import IdentityTables
from nexoraz.identity.adapters.smtp import SmtpTransport
from nexoraz.identity.adapters.throttles import SqlThrottle
from nexoraz.identity.application.farewell import Farewell
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import Clock
from nexoraz.identity.application.sending import SEND_MAIL, Transport
from nexoraz.identity.application.use_cases import Ports, UseCases, use_cases
from nexoraz.identity.config import Settings
from nexoraz.identity.domain.events import EVENTS
from nexoraz.identity.projections.access import OwnAccess
from nexoraz.identity.projections.accounts import SqlAccounts
from nexoraz.identity.projections.operators import SqlOperators
from nexoraz.identity.projections.sessions import SqlSessions
from nexoraz.identity.web.accounts import accounts_blueprint
from nexoraz.identity.web.keys import keys_blueprint
from nexoraz.identity.web.profile import profile_blueprint
from nexoraz.identity.web.refusals import REFUSALS, install_answers
from nexoraz.identity.web.sessions import sessions_blueprint
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator
from nexoraz.service.database import make_engine, ping
from nexoraz.service.expiry import purge_chassis
from nexoraz.service.health import serve_health
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from nexoraz.service.telemetry import current_traceparent
from nexoraz.service.tokens import new_signing_key

SERVICE = "identity"
VERSION = "1.0.0"
ROOT = Path(__file__).resolve().parents[3]
REGISTRY = Registry.of([*EVENTS, *PROTOCOL_EVENTS])
EXAMPLE = Settings(
    database_url=Secret("postgresql://localhost/nexoraz_identity"),
    vault_database_url=Secret("postgresql://localhost/nexoraz_identity_vault"),
    vault_kek_dir=Path("kek"),
    nats_url="nats://localhost",
    nats_password=Secret("example"),
    smtp_url=Secret("smtp://localhost"),
    mail_from="nobody@localhost",
)
"""Settings to describe the service with; no secret is in them and nothing is reached by them."""


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class App:
    """identity, wired."""

    settings: Settings
    tables: IdentityTables
    runtime: Runtime
    ports: Ports
    use_cases: UseCases
    holdings: Holdings
    participation: Participation
    housekeeping: Sequence[Purge]
    close_account: CloseAccount
    rebuildable: Mapping[str, RebuildableProjection]

    def web(self) -> Flask:
        """The HTTP side. Touches its databases only, so it serves while NATS and the mail system are down."""
        return self.flask(_idempotency_keys(self.runtime.vault))

    def flask(self, keys: IdempotencyKeys | None) -> Flask:
        """The Flask application; without keys it can only be described."""
        use, engine = self.use_cases, self.runtime.engine
        app = create_app(
            SERVICE,
            VERSION,
            self.settings,
            [
                accounts_blueprint(use.registration),
                sessions_blueprint(use.sign_in),
                profile_blueprint(use.profiles),
                keys_blueprint(use.signing),
            ],
            {"database": ping(engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(engine, self.tables.auth, self.settings.public_url),
            idempotency_keys=keys,
        )
        install_answers(app)
        return app

    def worker(self) -> WorkerParts:
        """The relay, the consumers, the tasks, and what is due now and then."""
        plan = WorkerPlan(
            translate=published.translate,
            handlers=subscribed.HANDLERS,
            task_handlers={SEND_MAIL: self.use_cases.sending.send},
            housekeeping=self.housekeeping,
            periodic=[Periodic("signing-keys", HOUR, self.use_cases.signing.ensure_key)],
        )
        nats = NatsSettings.of(self.settings)
        return worker_parts(self.runtime, self.participation, plan, nats, self._serve_health)

    def run_worker(self) -> None:
        """Tell the coordinator what identity holds, then work until SIGTERM."""
        self.participation.announce()
        run_worker(self.worker())

    def rebuild(self, names: Sequence[str]) -> list[str]:
        """Make the named read models (all without a name) anew from the events; a line for each."""
        chosen = names or list(self.rebuildable)
        return [f"{name}: {rebuild(self.runtime.store, self.rebuildable[name])} events replayed" for name in chosen]

    async def _serve_health(self, checks: Mapping[str, Callable[[], object]]) -> asyncio.Server:
        return await serve_health(self.settings.bind, checks)


def build(
    settings: Settings, *, transport: Transport | None = None, clock: Clock = now, pace: Pace | None = None
) -> App:
    """Wire identity. The keyword arguments stand in for the mail system, the time and the waiting in tests."""
    tables = IdentityTables()
    runtime = Runtime.wire(
        SERVICE,
        make_engine(settings.database_url),
        make_engine(settings.vault_database_url, pool_size=4),
        settings.vault_kek_dir,
        tables.kernel,
        REGISTRY,
        inline=lambda vault: [*_projections(tables, vault), OwnAccess()],
        traceparent=current_traceparent,
    )
    accounts, sessions, operators = _projections(tables, runtime.vault)
    throttle = SqlThrottle(runtime.engine, tables.throttles, runtime.vault, clock, settings.throttle_factor)
    mail_system = transport or SmtpTransport(settings.smtp_url, settings.mail_from)
    ports = _ports(
        settings, tables, runtime, accounts, sessions, operators, throttle, mail_system, clock, pace or Pace()
    )
    use = use_cases(ports)

    close_account = CloseAccount(accounts)
    holdings = Holdings(SERVICE, runtime.store, tables.metadata, runtime.vault, held(tables))
    farewell = Farewell(runtime.store, accounts, use.sending, clock)
    participation = runtime.participation(holdings, close_account, before_erase=farewell.say)
    housekeeping = [
        purge_chassis,
        lambda connection: sessions.purge(connection, clock()),
        lambda connection: throttle.purge(connection, clock()),
    ]
    rebuildable: dict[str, RebuildableProjection] = {
        "accounts": accounts,
        "sessions": sessions,
        "operators": operators,
    }
    return App(settings, tables, runtime, ports, use, holdings, participation, housekeeping, close_account, rebuildable)


def _projections(tables: IdentityTables, vault: Vault) -> tuple[SqlAccounts, SqlSessions, SqlOperators]:
    accounts = SqlAccounts(tables.accounts, tables.kernel, vault)
    return accounts, SqlSessions(tables.sessions, vault), SqlOperators(tables.operators)


def _ports(
    settings: Settings,
    tables: IdentityTables,
    runtime: Runtime,
    accounts: SqlAccounts,
    sessions: SqlSessions,
    operators: SqlOperators,
    throttle: SqlThrottle,
    transport: Transport,
    clock: Clock,
    pace: Pace,
) -> Ports:
    vault = runtime.vault
    return Ports(
        store=runtime.store,
        accounts=accounts,
        sessions=sessions,
        operators=operators,
        credentials=SqlCredentials(tables.credentials, vault),
        mails=SqlMailbox(tables.mails, tables.sent_mails, vault, vault, runtime.tasks, clock, new_id),
        private_keys=SqlPrivateKeys(tables.private_keys, vault),
        throttle=throttle,
        hashes=vault,
        passwords=Argon2Passwords(),
        transport=transport,
        pace=pace,
        now=clock,
        new_id=new_id,
        new_key=new_signing_key,
        public_url=settings.public_url,
    )


def _idempotency_keys(vault: Vault) -> IdempotencyKeys:
    def seal(owner: str, answer: bytes) -> bytes:
        return vault.seal(owner, "idempotency", answer, "answer")

    def open_(owner: str, sealed: bytes) -> bytes:
        return vault.open(owner, "idempotency", sealed, "answer")

    return IdempotencyKeys(vault.derive("", "idempotency", b"hash"), seal, open_)


def migrate_databases(settings: Settings) -> None:
    """Bring both databases to the newest version and put a signing key in place. Harmless in several processes."""
    migrate(settings.database_url, ROOT / "migrations")
    vault_engine = make_engine(settings.vault_database_url, pool_size=1)
    migrate_vault(vault_engine, LocalKek(settings.vault_kek_dir))
    vault_engine.dispose()
    build(settings).use_cases.signing.ensure_key()


def documents() -> dict[str, str]:
    """Path below the service's folder → text of each document that is generated from the code."""
    app = build(EXAMPLE)
    events = event_documents(SERVICE, REGISTRY, app.tables.metadata, app.holdings, published.CONTRACTS)
    return {**events, "openapi.json": dump(openapi_document(app.flask(None)))}
