"""A person, billing on the real database, and a Stripe that keeps state, with the worker's tasks run by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from nexoraz.billing.bootstrap import App, build
from nexoraz.billing.config import Settings
from nexoraz.events.tasks import Task
from nexoraz.local.parts.stripe import Stripe
from nexoraz.local.testing.services import know_key
from nexoraz.service.settings import Secret
from services.billing.tests.integration.conftest import Person, event, tell
from services.billing.tests.integration.stripe_side import GOOD, card, post


class World:
    """Ann, billing and Stripe; a clock that is moved by hand."""

    def __init__(self, settings: Settings, stripe: Stripe) -> None:
        own = replace(settings, stripe_api_base=stripe.api_base, stripe_api_key=Secret(stripe.api_key))
        self.stripe, self.now = stripe, datetime.now(UTC)
        self.app: App = build(own, clock=lambda: self.now)
        know_key(self.app)
        self.ann = Person(self.app.web().test_client(use_cookies=False))

    def take(self, plan: str = "basic", number: str = GOOD) -> dict[str, Any]:
        body = {"plan": plan, "payment_method": card(self.stripe, number)}
        answer = self.ann.ask("POST", "/subscription", {"Idempotency-Key": str(uuid4())}, json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json is not None
        return dict(answer.json)

    def change(self, expected: int = 200, **body: Any) -> dict[str, Any]:
        tag = self.ann.ask("GET", "/subscription").headers["ETag"]
        answer = self.ann.ask("PATCH", "/subscription", {"If-Match": tag}, json=body)
        assert answer.status_code == expected, answer.text
        return dict(answer.json or {})

    def plan(self) -> dict[str, Any]:
        return dict(self.ann.ask("GET", "/subscription").json or {})

    def stripes(self, column: str) -> str:
        with self.app.runtime.engine.connect() as connection:
            return str(connection.exec_driver_sql(f"SELECT {column} FROM subscriptions").scalar())

    def renew(self) -> None:
        post(self.stripe, f"subscriptions/{self.stripes('subscription')}/_renew")

    def hear(self, type_: str = "invoice.paid", times: int = 1) -> None:
        """Stripe's webhook about the customer, and the look-up that follows."""
        for _ in range(times):
            payload = event("in_1", type_, customer=self.stripes("customer"))
            assert tell(self.ann.client, payload).status_code == 204
            assert tell(self.ann.client, payload).status_code == 204
            self.run("settle-subscription")

    def buy(self, number: str = GOOD, **body: Any) -> dict[str, Any]:
        """A pack that is paid and settled."""
        bought = self.ann.bought(payment_method=card(self.stripe, number), **body)
        self.run("settle-payment")
        return bought

    def told(self, intent: str, type_: str = "charge.refunded", times: int = 2) -> None:
        """Stripe's webhook about money that went back, and the look-up that follows."""
        for _ in range(times):
            assert tell(self.ann.client, event("ch_1", type_, payment_intent=intent)).status_code == 204
            self.run("settle-refunds")

    def run(self, kind: str) -> None:
        """What the worker does with the tasks of a kind, whenever they are due."""
        handler = self.app.plan().task_handlers[kind]
        with self.app.runtime.engine.begin() as connection:
            rows = connection.exec_driver_sql(
                "DELETE FROM tasks WHERE kind = %s RETURNING id, key, account_id, payload", (kind,)
            ).all()
        for row in rows:
            handler(Task(row.id, kind, row.key, row.account_id, row.payload, 1))
