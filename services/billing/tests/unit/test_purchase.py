"""Decisions about a purchase."""

from nexoraz.billing.domain.events import PurchaseFailed
from nexoraz.billing.domain.purchase import PURCHASE, PurchaseUnknown, StartPurchase, UnknownPack
from nexoraz.events.testing import given
from services.billing.tests.examples import ANN, INTENT, NOON, PURCHASE_ID, confirm, paid, reject, start, started

failed = PurchaseFailed(ANN, PURCHASE_ID, "card_declined", NOON)


def test_a_purchase_starts_at_the_price_of_its_pack() -> None:
    given(PURCHASE).when(start).then(started)


def test_a_pack_that_is_not_for_sale_is_refused() -> None:
    given(PURCHASE).when(StartPurchase(ANN, PURCHASE_ID, "gold", INTENT, NOON)).refused(UnknownPack("gold"))


def test_a_purchase_starts_once() -> None:
    given(PURCHASE, started).when(start).then()


def test_a_payment_is_confirmed_once() -> None:
    given(PURCHASE, started).when(confirm).then(paid)
    given(PURCHASE, started, paid).when(confirm).then()


def test_a_rejected_payment_may_still_succeed() -> None:
    given(PURCHASE, started).when(reject).then(failed)
    given(PURCHASE, started, failed).when(confirm).then(paid)


def test_a_paid_purchase_cannot_fail_afterwards() -> None:
    given(PURCHASE, started, paid).when(reject).then()


def test_a_payment_without_a_purchase_is_refused() -> None:
    given(PURCHASE).when(confirm).refused(PurchaseUnknown(PURCHASE_ID))
    given(PURCHASE).when(reject).refused(PurchaseUnknown(PURCHASE_ID))
