"""Differences between two sides, both ways."""

from hypothesis import given as for_all
from hypothesis import strategies as st

from nexoraz.billing.domain.reconciliation import Drift, PaymentRecord, Records, drifts

PAYMENT = st.builds(PaymentRecord, st.integers(1, 2), st.integers(0, 1))
SIDE = st.builds(
    Records,
    st.dictionaries(st.sampled_from(["pi_1", "pi_2", "pi_3"]), PAYMENT),
    st.dictionaries(st.sampled_from(["sub_1", "sub_2"]), st.sampled_from(["basic", "pro"])),
)


def test_each_kind_of_difference_is_told_once() -> None:
    here = Records({"pi_1": PaymentRecord(490, 0), "pi_2": PaymentRecord(490, 0)}, {"sub_1": "basic", "sub_2": "pro"})
    there = Records({"pi_2": PaymentRecord(500, 49), "pi_3": PaymentRecord(900, 0)}, {"sub_2": "basic", "sub_3": "pro"})
    assert drifts(here, there) == [
        Drift("payment", "missing-there", "pi_1", "490"),
        Drift("payment", "amount", "pi_2", "490", "500"),
        Drift("payment", "refunded", "pi_2", "0", "49"),
        Drift("payment", "missing-here", "pi_3", "", "900"),
        Drift("subscription", "missing-there", "sub_1", "basic"),
        Drift("subscription", "plan", "sub_2", "pro", "basic"),
        Drift("subscription", "missing-here", "sub_3", "", "pro"),
    ]


@for_all(SIDE, SIDE)
def test_nothing_differs_exactly_when_both_sides_say_the_same(here: Records, there: Records) -> None:
    assert (drifts(here, there) == []) == (here == there)
    assert len(drifts(here, there)) == len(drifts(there, here))
