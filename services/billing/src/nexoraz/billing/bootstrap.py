"""Puts billing together. The only module that names adapters; nothing is connected until something is asked."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from flask import Flask

from nexoraz.billing.adapters import published, subscribed
from nexoraz.billing.adapters.holdings import HELD, RULES
from nexoraz.billing.adapters.kept import kept_of
from nexoraz.billing.adapters.leaving_accounts import SqlLeavingAccounts
from nexoraz.billing.adapters.payment_facts import SqlPaymentHistory
from nexoraz.billing.adapters.purchase_index import SqlPurchaseIndex
from nexoraz.billing.adapters.receipt_pdf import pdf_of
from nexoraz.billing.adapters.reconcile import reconcile
from nexoraz.billing.adapters.stripe_payments import StripePayments
from nexoraz.billing.adapters.stripe_records import stripe_records
from nexoraz.billing.adapters.stripe_subscriptions import StripeSubscriptions
from nexoraz.billing.application.leaving import Leaving
from nexoraz.billing.application.payment_watch import CHECK, SETTLE, PaymentWatch
from nexoraz.billing.application.ports import Payments
from nexoraz.billing.application.refunding import PAY_REFUND, SETTLE_REFUNDS, Refunding
from nexoraz.billing.application.reviewing import Reviewing
from nexoraz.billing.application.settle_payment import SettlePayment
from nexoraz.billing.application.settle_subscription import SettleSubscription
from nexoraz.billing.application.subscription_ports import Customers
from nexoraz.billing.application.subscription_watch import (
    END_GRACE,
    RETRY_RENEWAL,
    SETTLE_SUBSCRIPTION,
    SubscriptionWatch,
)
from nexoraz.billing.application.take_out_plan import Plans
from nexoraz.billing.config import Settings
from nexoraz.billing.domain.events import EVENTS
from nexoraz.billing.projections.credit_accounts import CreditAccounts
from nexoraz.billing.projections.purchases import Purchases
from nexoraz.billing.projections.reviews import Reviews
from nexoraz.billing.projections.subscriptions import AccountPlans
from nexoraz.billing.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.billing.web.kept import kept_blueprint
from nexoraz.billing.web.receipts import add_receipts
from nexoraz.billing.web.refunds import RefundDesk, add_refunds
from nexoraz.billing.web.refusals import REFUSALS
from nexoraz.billing.web.reviews import ReviewDesk, looks_blueprint, reviews_blueprint
from nexoraz.billing.web.routes import Desk, credits_blueprint, packs_blueprint, purchases_blueprint
from nexoraz.billing.web.subscriptions import PlanDesk, plans_blueprint, subscription_blueprint
from nexoraz.billing.web.webhooks import webhooks_blueprint
from nexoraz.events import participant
from nexoraz.events.holdings import Holdings
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.projector import RebuildableProjection
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan
from nexoraz.events.sql_store import now
from nexoraz.service import chassis
from nexoraz.service.allowances import allowances_of
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator
from nexoraz.service.database import ping
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.settings import Secret

REGISTRY = Registry.of([*EVENTS, *PROTOCOL_EVENTS])
SERVICE, VERSION, ROOT = "billing", "1.0.0", Path(__file__).resolve().parents[3]
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
PROJECTIONS: Mapping[str, RebuildableProjection] = {
    "credit_accounts": CreditAccounts(),
    "purchases": Purchases(),
    "subscriptions": AccountPlans(),
    "reviews": Reviews(),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class App(participant.Participant):
    """Billing, wired."""

    settings: Settings
    payments: Payments
    watch: PaymentWatch
    refunding: Refunding
    reviewing: Reviewing
    plans: Plans
    plan_watch: SubscriptionWatch
    clock: Callable[[], datetime]

    def web(self) -> Flask:
        """The HTTP side. Touches its database and Stripe only."""
        return self.flask(IdempotencyKeys.of(self.runtime))

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        desk = Desk(
            self.runtime.store, self.runtime.reading, self.runtime.questions(), self.payments, self.watch, self.clock
        )
        refunds = RefundDesk(self.runtime.store, self.runtime.reading, self.refunding)
        purchases = add_refunds(purchases_blueprint(desk), refunds)
        plan_desk = PlanDesk(self.runtime.store, self.runtime.reading, self.plans, self.plan_watch)
        secret = self.settings.stripe_webhook_secret.reveal()
        return create_app(
            SERVICE,
            VERSION,
            self.settings,
            [
                packs_blueprint(),
                credits_blueprint(desk),
                add_receipts(purchases, self.runtime.reading, pdf_of),
                plans_blueprint(),
                reviews_blueprint(ReviewDesk(self.runtime.store, self.runtime.reading, self.reviewing)),
                looks_blueprint(self.runtime.reading),
                kept_blueprint(self.runtime.reading, kept_of),
                subscription_blueprint(plan_desk),
                webhooks_blueprint(self.runtime.store, self.watch, self.plan_watch, self.refunding, secret),
            ],
            {"database": ping(self.runtime.engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(self.runtime.engine, AUTH, self.settings.public_url),
            idempotency_keys=idempotency_keys,
            allowances=allowances_of(self.runtime.engine, idempotency_keys, self.settings.throttle_factor),
            may_serve=self.runtime.guard.may_serve,
        )

    def plan(self) -> WorkerPlan:
        """The tasks, and what is listened to."""
        return WorkerPlan(
            translate=published.translate,
            handlers=subscribed.HANDLERS,
            task_handlers={
                SETTLE: self.watch.run_settle,
                CHECK: self.watch.run_check,
                SETTLE_SUBSCRIPTION: self.plan_watch.run_settle,
                RETRY_RENEWAL: self.plan_watch.run_retry,
                END_GRACE: self.plan_watch.run_end,
                PAY_REFUND: self.refunding.run_pay,
                SETTLE_REFUNDS: self.refunding.run_settle,
            },
        )


def build(
    settings: Settings,
    payments: Payments | None = None,
    clock: Callable[[], datetime] = now,
    customers: Customers | None = None,
) -> App:
    """Wire billing. `payments`, `customers` and `clock` stand in for Stripe and the time in tests."""
    runtime = Runtime.wire(SERVICE, chassis, settings, KERNEL, REGISTRY, lambda _: list(PROJECTIONS.values()))
    runtime.store.clock = clock
    holdings = Holdings(SERVICE, runtime.store, METADATA, runtime.vault, HELD, RULES)
    key, address = settings.stripe_api_key.reveal(), settings.stripe_api_base
    provider, subscriptions = payments or StripePayments(key, address), StripeSubscriptions(key, address)
    accounts = SqlLeavingAccounts(runtime.engine, KERNEL.erased_accounts)
    leaving = Leaving(customers or subscriptions, accounts.customer_of, accounts.begun_at, clock)
    participation = runtime.participation(holdings, before_erase=leaving.leave)
    settle_plan = SettleSubscription(runtime.store, subscriptions, clock)
    settle = SettlePayment(runtime.store, provider, SqlPurchaseIndex(), SqlPaymentHistory(), clock)
    refunding = Refunding(runtime.store, provider, SqlPurchaseIndex(), runtime.tasks, clock)
    watch = PaymentWatch(runtime.tasks, runtime.store, settle)
    return App(
        settings=settings,
        runtime=runtime,
        holdings=holdings,
        participation=participation,
        read_models=PROJECTIONS,
        payments=provider,
        watch=watch,
        refunding=refunding,
        reviewing=Reviewing(refunding, runtime.vault.keyed_hash, clock, lambda: str(uuid4())),
        plans=Plans(settle_plan),
        plan_watch=SubscriptionWatch(runtime.tasks, settle_plan),
        clock=clock,
    )


def migrate_databases(settings: Settings) -> None:
    """Bring billing's database and its vault to the newest version."""
    participant.migrate_databases(chassis, settings, ROOT / "migrations")


def reconcile_records(settings: Settings, arguments: argparse.Namespace) -> int:
    """Compare with Stripe; the exit status."""
    key, address = settings.stripe_api_key.reveal(), settings.stripe_api_base
    engine = chassis.make_engine(settings.database_url.reveal(), pool_size=1)
    with engine.connect() as connection:
        return reconcile(connection, lambda before: stripe_records(key, address, before), arguments)


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    return app.documents(published.CONTRACTS, openapi_document(app.flask(None)))
