"""How a payment becomes credits, with the provider in memory."""

from datetime import UTC, datetime

import pytest

from nexoraz.billing.adapters.memory import FakePayments, MemoryPaymentHistory, MemoryPurchaseIndex
from nexoraz.billing.application.ports import PaymentsUnavailable, PurchaseRef
from nexoraz.billing.application.settle_payment import (
    PaidAfterErasure,
    PaymentOpen,
    PaymentUnknown,
    SettlePayment,
)
from nexoraz.billing.domain.credits import CREDITS, credits_stream
from nexoraz.billing.domain.events import EVENTS
from nexoraz.billing.domain.packs import PACKS
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import StartPurchase
from nexoraz.billing.domain.suspicion import MOST_IN_WINDOW
from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.registry import Registry
from nexoraz.events.store import handle, load
from nexoraz.events.testing import FixedClock, MemorySealer
from services.billing.tests.examples import ANN, NOON, PURCHASE_ID


class Desk:
    """A purchase of ten credits that has been started and not yet paid."""

    def __init__(self) -> None:
        self.payments = FakePayments()
        self.store = MemoryEventStore(Registry.of(EVENTS), MemorySealer())
        self.index = MemoryPurchaseIndex()
        self.history = MemoryPaymentHistory()
        clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.settle = SettlePayment(self.store, self.payments, self.index, self.history, clock)
        self.intent = self.payments.open(PURCHASE_ID, PACKS["starter"], None).intent
        command = StartPurchase(ANN, PURCHASE_ID, "starter", self.intent, NOON)
        handle(self.store, PURCHASE, purchase_stream(PURCHASE_ID, ANN), command)
        self.index.purchases[self.intent] = PurchaseRef(PURCHASE_ID, ANN, 10)

    def balance(self) -> int:
        with self.store.transaction() as tx:
            return load(tx, CREDITS, credits_stream(ANN))[0].balance

    def state(self) -> str:
        with self.store.transaction() as tx:
            return load(tx, PURCHASE, purchase_stream(PURCHASE_ID, ANN))[0].state


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_payment_that_succeeded_adds_its_credits_once(desk: Desk) -> None:
    desk.payments.finish(desk.intent)
    desk.settle(desk.intent)
    desk.settle(desk.intent)
    assert (desk.balance(), desk.state()) == (10, "paid")


def test_a_suspicious_payment_is_held_once_and_its_credits_cannot_be_used(desk: Desk) -> None:
    desk.history.recent = MOST_IN_WINDOW
    desk.payments.finish(desk.intent)
    desk.settle(desk.intent)
    desk.history.recent = 0
    desk.settle(desk.intent)
    with desk.store.transaction() as tx:
        credits = load(tx, CREDITS, credits_stream(ANN))[0]
        purchase = load(tx, PURCHASE, purchase_stream(PURCHASE_ID, ANN))[0]
    assert (credits.balance, credits.held, purchase.review) == (0, {PURCHASE_ID: 10}, "held")


def test_an_open_payment_adds_nothing_and_is_asked_about_again(desk: Desk) -> None:
    with pytest.raises(PaymentOpen):
        desk.settle(desk.intent)
    assert (desk.balance(), desk.state()) == (0, "started")


def test_a_declined_card_adds_nothing_and_another_card_may_still_pay(desk: Desk) -> None:
    desk.payments.finish(desk.intent, reason="card_declined")
    desk.settle(desk.intent)
    assert (desk.balance(), desk.state()) == (0, "failed")
    desk.payments.finish(desk.intent)
    desk.settle(desk.intent)
    assert (desk.balance(), desk.state()) == (10, "paid")


def test_a_payment_nobody_started_is_not_credited_to_anyone(desk: Desk) -> None:
    desk.payments.finish(desk.intent)
    desk.index.purchases.clear()
    with pytest.raises(PaymentUnknown):
        desk.settle(desk.intent)
    assert desk.balance() == 0


def test_a_provider_that_is_down_changes_nothing(desk: Desk) -> None:
    desk.payments.down = True
    with pytest.raises(PaymentsUnavailable):
        desk.settle(desk.intent)
    assert (desk.balance(), desk.state()) == (0, "started")


def test_money_for_an_erased_account_is_told_to_an_operator(desk: Desk) -> None:
    desk.payments.finish(desk.intent)
    with desk.store.transaction() as tx:
        tx.tombstone(ANN)
    with pytest.raises(PaidAfterErasure):
        desk.settle(desk.intent)
