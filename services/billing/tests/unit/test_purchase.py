"""Decisions about a purchase."""

from contextlib import suppress

from hypothesis import given as for_all
from hypothesis import strategies as st

from nexoraz.billing.domain.events import PurchaseFailed, RefundedOutside, RefundFailed, RefundPaid, RefundStarted
from nexoraz.billing.domain.purchase import PURCHASE
from nexoraz.billing.domain.purchase_commands import (
    ConfirmRefund,
    NotRefundable,
    PurchaseUnknown,
    RecordOutsideRefund,
    RejectRefund,
    StartPurchase,
    StartRefund,
    UnknownPack,
)
from nexoraz.events.testing import given
from services.billing.tests.examples import ANN, INTENT, NOON, PURCHASE_ID, confirm, paid, reject, start, started


def refund(credits: int, amount: int, refund_id: str = "r1") -> RefundStarted:
    return RefundStarted(ANN, PURCHASE_ID, refund_id, credits, amount, NOON)


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


def ask(credits: int | None, free: int = 10, refund_id: str = "r1") -> StartRefund:
    return StartRefund(PURCHASE_ID, refund_id, credits, free, NOON)


def test_all_that_is_not_spent_is_refunded_for_its_share_of_the_price() -> None:
    given(PURCHASE, started, paid).when(ask(None)).then(refund(10, 490))
    given(PURCHASE, started, paid).when(ask(None, free=4)).then(refund(4, 196))
    given(PURCHASE, started, paid).when(ask(3)).then(refund(3, 147))


def test_what_is_spent_refunded_or_not_paid_is_not_refundable() -> None:
    given(PURCHASE, started, paid).when(ask(5, free=4)).refused(NotRefundable(5, 4))
    given(PURCHASE, started, paid).when(ask(None, free=0)).refused(NotRefundable(0, 0))
    given(PURCHASE, started).when(ask(1)).refused(NotRefundable(1, 0))
    given(PURCHASE, started, paid, refund(10, 490)).when(ask(1, refund_id="r2")).refused(NotRefundable(1, 0))
    given(PURCHASE).when(ask(1)).refused(PurchaseUnknown(PURCHASE_ID))


def test_a_refund_is_started_and_ends_once() -> None:
    going = given(PURCHASE, started, paid, refund(10, 490))
    ended = RefundPaid(ANN, PURCHASE_ID, "r1", "re_1", NOON)
    going.when(ask(10)).then()
    going.when(ConfirmRefund(PURCHASE_ID, "r1", "re_1", NOON)).then(ended)
    going.when(RejectRefund(PURCHASE_ID, "r1", "no", NOON)).then(RefundFailed(ANN, PURCHASE_ID, "r1", 490, "no", NOON))
    over = given(PURCHASE, started, paid, refund(10, 490), ended)
    over.when(ConfirmRefund(PURCHASE_ID, "r1", "re_1", NOON)).then()
    over.when(RejectRefund(PURCHASE_ID, "r1", "no", NOON)).then()
    over.when(RecordOutsideRefund(PURCHASE_ID, "re_1", "refund", 490, NOON)).then()


def test_money_that_goes_back_elsewhere_is_recorded_once_with_what_it_is_worth() -> None:
    half = RecordOutsideRefund(PURCHASE_ID, "re_9", "dispute", 250, NOON)
    recorded = RefundedOutside(ANN, PURCHASE_ID, "re_9", "dispute", 6, 250, NOON)
    given(PURCHASE, started, paid).when(half).then(recorded)
    given(PURCHASE, started, paid, recorded).when(half).then()
    given(PURCHASE, started, paid, refund(10, 490)).when(half).then(
        RefundedOutside(ANN, PURCHASE_ID, "re_9", "dispute", 0, 250, NOON)
    )


@for_all(st.lists(st.tuples(st.one_of(st.none(), st.integers(1, 10)), st.integers(0, 10)), max_size=8))
def test_refunds_never_exceed_the_price(asked: list[tuple[int | None, int]]) -> None:
    state = PURCHASE.fold([started, paid])
    for number, (credits, free) in enumerate(asked):
        with suppress(NotRefundable):
            state = PURCHASE.fold(PURCHASE.decide(ask(credits, free, f"r{number}"), state), state)
    assert state.left.credits >= 0 and state.left.amount >= 0
    assert (state.left.amount == 0) == (state.left.credits == 0)
