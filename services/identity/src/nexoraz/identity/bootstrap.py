"""Puts identity together. The only module that names adapters; nothing is connected until something is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask

from nexoraz.events import participant
from nexoraz.events.holdings import Holdings
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import HOUR, Runtime, WorkerPlan
from nexoraz.events.sql_store import now
from nexoraz.events.vault import Vault
from nexoraz.events.worker import Periodic
from nexoraz.identity.adapters import published, subscribed
from nexoraz.identity.adapters.argon2id import Argon2Passwords
from nexoraz.identity.adapters.ceremonies import WebauthnCeremonies
from nexoraz.identity.adapters.challenges import SqlChallenges
from nexoraz.identity.adapters.credentials import SqlCredentials
from nexoraz.identity.adapters.factor_secrets import SqlFactorSecrets
from nexoraz.identity.adapters.holdings import RULES, held
from nexoraz.identity.adapters.mails import SqlMailbox
from nexoraz.identity.adapters.openid import OpenIdProviders, read_providers
from nexoraz.identity.adapters.places import RegistryPlaces
from nexoraz.identity.adapters.private_keys import SqlPrivateKeys
from nexoraz.identity.adapters.schema import IdentityTables
from nexoraz.identity.adapters.smtp import SmtpTransport
from nexoraz.identity.adapters.standings import SqlStandings
from nexoraz.identity.adapters.subscribed_billing import billing_handlers
from nexoraz.identity.adapters.suppressions import SqlSuppressions
from nexoraz.identity.adapters.throttles import SqlThrottle
from nexoraz.identity.adapters.usage import SqlUsage
from nexoraz.identity.application.farewell import Farewell
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.policy_mails import TELL_POLICY_CHANGE
from nexoraz.identity.application.ports import Clock
from nexoraz.identity.application.referred_mail import SUBJECT
from nexoraz.identity.application.sending import SEND_MAIL, Transport
from nexoraz.identity.application.use_cases import Ports, UseCases, use_cases
from nexoraz.identity.config import Settings
from nexoraz.identity.domain.events import EVENTS
from nexoraz.identity.projections.access import OwnAccess
from nexoraz.identity.projections.accounts import SqlAccounts
from nexoraz.identity.projections.operators import SqlOperators
from nexoraz.identity.projections.provider_links import SqlProviderLinks
from nexoraz.identity.projections.sessions import SqlSessions
from nexoraz.identity.web.accounts import accounts_blueprint
from nexoraz.identity.web.addresses import addresses_blueprint
from nexoraz.identity.web.codes import codes_blueprint
from nexoraz.identity.web.keys import keys_blueprint
from nexoraz.identity.web.links import links_blueprint
from nexoraz.identity.web.openid import openid_blueprint
from nexoraz.identity.web.passkeys import passkeys_blueprint
from nexoraz.identity.web.passwords import passwords_blueprint
from nexoraz.identity.web.profile import profile_blueprint
from nexoraz.identity.web.refusals import REFUSALS, install_answers
from nexoraz.identity.web.second_factor import second_factor_blueprint
from nexoraz.identity.web.sessions import sessions_blueprint
from nexoraz.identity.web.unsubscribe import unsubscribe_blueprint
from nexoraz.identity.web.usage import usage_blueprint
from nexoraz.service import chassis
from nexoraz.service.allowances import allowances_of
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator
from nexoraz.service.database import ping
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.settings import Secret
from nexoraz.service.tokens import new_signing_key

SERVICE, VERSION, ROOT = "identity", "1.0.0", Path(__file__).resolve().parents[3]
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


def new_id() -> str:
    return str(uuid4())


@dataclass(frozen=True, kw_only=True, slots=True)
class App(participant.Participant):
    """identity, wired."""

    settings: Settings
    tables: IdentityTables
    ports: Ports
    use_cases: UseCases

    def web(self) -> Flask:
        """The HTTP side. Touches its databases only, so it serves while NATS and the mail system are down."""
        return self.flask(IdempotencyKeys.of(self.runtime))

    def flask(self, keys: IdempotencyKeys | None) -> Flask:
        """The Flask application; without keys it can only be described."""
        use, engine = self.use_cases, self.runtime.engine
        app = create_app(
            SERVICE,
            VERSION,
            self.settings,
            [
                accounts_blueprint(use.registration),
                sessions_blueprint(use.sign_in, use.session_ends, use.passkeys, use.openid),
                passwords_blueprint(use.password_changes),
                addresses_blueprint(use.address_changes),
                passkeys_blueprint(use.passkeys),
                second_factor_blueprint(use.second_factors),
                openid_blueprint(use.openid),
                links_blueprint(use.registration, use.password_changes, use.address_changes),
                codes_blueprint(use.access_codes),
                profile_blueprint(use.profiles, use.history),
                usage_blueprint(use.usage, self.runtime.store),
                unsubscribe_blueprint(use.news, self.runtime.store),
                keys_blueprint(use.signing),
            ],
            {"database": ping(engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(engine, self.tables.auth, self.settings.public_url),
            idempotency_keys=keys,
            allowances=allowances_of(engine, keys, self.settings.throttle_factor),
            may_serve=self.runtime.guard.may_serve,
        )
        install_answers(app)
        return app

    def plan(self) -> WorkerPlan:
        """The tasks, and what is due now and then."""
        return WorkerPlan(
            translate=published.translate,
            handlers={
                **subscribed.handlers(
                    self.use_cases.notices, self.use_cases.news, self.use_cases.policy_mails, self.use_cases.usage
                ),
                **billing_handlers(self.ports.standings, self.use_cases.notices),
            },
            task_handlers={
                SEND_MAIL: self.use_cases.sending.send,
                TELL_POLICY_CHANGE: self.use_cases.policy_mails.tell,
            },
            rpc_handlers={SUBJECT: self.use_cases.referred_mail},
            periodic=[Periodic("signing-keys", HOUR, self.use_cases.signing.ensure_key)],
        )


def build(
    settings: Settings, *, transport: Transport | None = None, clock: Clock = now, pace: Pace | None = None
) -> App:
    """Wire identity. The keyword arguments stand in for the mail system, the time and the waiting in tests."""
    tables = IdentityTables()
    runtime = Runtime.wire(
        SERVICE, chassis, settings, tables.kernel, REGISTRY,
        lambda vault: [*ReadModels.of(tables, vault).named().values(), OwnAccess()],
    )  # fmt: skip
    models = ReadModels.of(tables, runtime.vault)
    throttle = SqlThrottle(runtime.engine, tables.throttles, runtime.vault, clock, settings.throttle_factor)
    challenges = SqlChallenges(runtime.engine, tables.challenges, runtime.vault, clock)
    mail_system = transport or SmtpTransport(settings.smtp_url, settings.mail_from)
    ports = _ports(settings, tables, runtime, models, throttle, challenges, mail_system, clock, pace or Pace())
    use = use_cases(ports)

    runtime.store.clock = clock
    holdings = Holdings(SERVICE, runtime.store, tables.metadata, runtime.vault, held(tables), RULES)
    farewell = Farewell(runtime.store, models.accounts, use.sending, clock)
    participation = runtime.participation(holdings, models.accounts.release_address, before_erase=farewell.say)
    return App(
        settings=settings,
        runtime=runtime,
        holdings=holdings,
        participation=participation,
        read_models=models.named(),
        tables=tables,
        ports=ports,
        use_cases=use,
    )


@dataclass(frozen=True, slots=True)
class ReadModels:
    """What is kept in the transaction that appends."""

    accounts: SqlAccounts
    sessions: SqlSessions
    operators: SqlOperators
    provider_links: SqlProviderLinks

    @classmethod
    def of(cls, tables: IdentityTables, vault: Vault) -> "ReadModels":
        return cls(
            SqlAccounts(tables.accounts, tables.kernel, vault),
            SqlSessions(tables.sessions, vault),
            SqlOperators(tables.operators),
            SqlProviderLinks(tables.provider_links),
        )

    def named(self) -> dict[str, Any]:
        return {field.name.replace("_", "-"): getattr(self, field.name) for field in fields(self)}


def _ports(
    settings: Settings,
    tables: IdentityTables,
    runtime: Runtime,
    models: ReadModels,
    throttle: SqlThrottle,
    challenges: SqlChallenges,
    transport: Transport,
    clock: Clock,
    pace: Pace,
) -> Ports:
    vault = runtime.vault
    return Ports(
        store=runtime.store,
        accounts=models.accounts,
        sessions=models.sessions,
        operators=models.operators,
        credentials=SqlCredentials(tables.credentials, vault),
        factor_secrets=SqlFactorSecrets(tables.factor_secrets, vault),
        mails=SqlMailbox(tables.mails, tables.sent_mails, vault, vault, runtime.tasks, clock, new_id),
        usage=SqlUsage(tables.analytics_consents, tables.usage, tables.usage_totals),
        suppressions=SqlSuppressions(tables.suppressions),
        queue=runtime.tasks,
        private_keys=SqlPrivateKeys(tables.private_keys, vault),
        throttle=throttle,
        hashes=vault,
        passwords=Argon2Passwords(),
        places=RegistryPlaces(),
        challenges=challenges,
        standings=SqlStandings(tables.standings),
        ceremonies=WebauthnCeremonies(settings.public_url),
        provider_links=models.provider_links,
        providers=OpenIdProviders(read_providers(settings.openid_providers)),
        transport=transport,
        pace=pace,
        now=clock,
        new_id=new_id,
        new_key=new_signing_key,
        public_url=settings.public_url,
    )


def migrate_databases(settings: Settings) -> None:
    """Bring identity's database and its vault to the newest version, and have a key to sign tokens with."""
    participant.migrate_databases(chassis, settings, ROOT / "migrations")
    build(settings).use_cases.signing.ensure_key()


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    return app.documents(published.CONTRACTS, openapi_document(app.flask(None)))
