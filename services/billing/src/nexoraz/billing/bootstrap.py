"""Puts billing together. The only module that names adapters; nothing is connected until something is asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from nexoraz.billing.adapters import published, subscribed
from nexoraz.billing.adapters.holdings import HELD
from nexoraz.billing.adapters.purchase_index import SqlPurchaseIndex
from nexoraz.billing.adapters.stripe_payments import StripePayments
from nexoraz.billing.application.payment_watch import CHECK, SETTLE, PaymentWatch
from nexoraz.billing.application.ports import Payments
from nexoraz.billing.application.settle_payment import SettlePayment
from nexoraz.billing.config import Settings
from nexoraz.billing.domain.events import EVENTS
from nexoraz.billing.projections.credit_accounts import CreditAccounts
from nexoraz.billing.projections.purchases import Purchases
from nexoraz.billing.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.billing.web.refusals import REFUSALS
from nexoraz.billing.web.routes import Desk, credits_blueprint, packs_blueprint, purchases_blueprint
from nexoraz.billing.web.webhooks import webhooks_blueprint
from nexoraz.events.bus import NatsSettings
from nexoraz.events.classification import OPERATIONAL, PSEUDONYM, Personal
from nexoraz.events.documents import dump, event_documents
from nexoraz.events.holdings import Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.participation import PROTOCOL_EVENTS, Participation
from nexoraz.events.projector import RebuildableProjection, rebuild
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan, worker_parts
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import WorkerParts, run_worker
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
REGISTRY = Registry.of([*EVENTS, *PROTOCOL_EVENTS])
VERSION = "1.0.0"
EXAMPLE = Settings(
    database_url=Secret("postgresql://localhost/nexoraz_billing"),
    vault_database_url=Secret("postgresql://localhost/nexoraz_billing_vault"),
    vault_kek_dir=Path("kek"),
    nats_url="nats://localhost",
    nats_password=Secret("example"),
    stripe_api_key=Secret("sk_test_example"),
    stripe_webhook_secret=Secret("whsec_example"),
)
"""Settings to describe the service with; no secret is in them and nothing is reached by them."""
MIGRATIONS = Path(__file__).parents[3] / "migrations"
PROJECTIONS: Mapping[str, RebuildableProjection] = {"credit_accounts": CreditAccounts(), "purchases": Purchases()}


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """Billing, wired."""

    settings: Settings
    runtime: Runtime
    holdings: Holdings
    participation: Participation
    payments: Payments
    watch: PaymentWatch
    clock: Callable[[], datetime]

    def web(self) -> Flask:
        """The HTTP side. Touches its database and Stripe only."""
        keys = IdempotencyKeys(self.runtime.hash_key(), self.runtime.seal_answer, self.runtime.open_answer)
        return self.flask(keys)

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        desk = Desk(self.runtime.store, self.runtime.engine, self.payments, self.watch, self.clock)
        secret = self.settings.stripe_webhook_secret.reveal()
        return create_app(
            "billing",
            VERSION,
            self.settings,
            [
                packs_blueprint(),
                credits_blueprint(desk),
                purchases_blueprint(desk),
                webhooks_blueprint(self.runtime.store, self.watch, secret),
            ],
            {"database": ping(self.runtime.engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(self.runtime.engine, AUTH, self.settings.public_url),
            idempotency_keys=idempotency_keys,
        )

    def worker(self) -> WorkerParts:
        """The relay, the consumers and the tasks."""
        plan = WorkerPlan(
            translate=published.translate,
            handlers=subscribed.HANDLERS,
            task_handlers={SETTLE: self.watch.run_settle, CHECK: self.watch.run_check},
            housekeeping=[purge_chassis],
        )
        nats = NatsSettings.of(self.settings)
        return worker_parts(self.runtime, self.participation, plan, nats, self._serve_health)

    def run_worker(self) -> None:
        """Tell the coordinator what billing holds, then work until SIGTERM."""
        self.participation.announce()
        run_worker(self.worker())

    def rebuild(self, names: Sequence[str]) -> list[str]:
        """Make the named read models (all without a name) anew from the events; a line for each."""
        chosen = names or list(PROJECTIONS)
        return [f"{name}: {rebuild(self.runtime.store, PROJECTIONS[name])} events replayed" for name in chosen]

    async def _serve_health(self, checks: Mapping[str, Callable[[], object]]) -> asyncio.Server:
        return await serve_health(self.settings.bind, checks)


def build(settings: Settings, payments: Payments | None = None, clock: Callable[[], datetime] = now) -> App:
    """Wire billing. `payments` and `clock` stand in for Stripe and the time in tests."""
    runtime = Runtime.wire(
        "billing",
        make_engine(settings.database_url),
        make_engine(settings.vault_database_url, pool_size=4),
        settings.vault_kek_dir,
        KERNEL,
        REGISTRY,
        inline=lambda _vault: list(PROJECTIONS.values()),
        traceparent=current_traceparent,
    )
    holdings = Holdings("billing", runtime.store, METADATA, runtime.vault, HELD)
    participation = runtime.participation(holdings, on_begun=_refuse_tokens)
    provider = payments or StripePayments(settings.stripe_api_key.reveal(), settings.stripe_api_base)
    settle = SettlePayment(runtime.store, provider, SqlPurchaseIndex(), clock)
    watch = PaymentWatch(runtime.tasks, runtime.store, settle)
    return App(settings, runtime, holdings, participation, provider, watch, clock)


def _refuse_tokens(tx: Transaction, account_id: str) -> None:
    revoke(connection_of(tx), account_id)


def migrate_databases(settings: Settings) -> None:
    """Bring billing's database and its vault to the newest version."""
    migrate(settings.database_url, MIGRATIONS)
    migrate_vault(make_engine(settings.vault_database_url), LocalKek(settings.vault_kek_dir))


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    openapi = {"openapi.json": dump(openapi_document(app.flask(None)))}
    return openapi | event_documents("billing", REGISTRY, METADATA, app.holdings, published.CONTRACTS)
