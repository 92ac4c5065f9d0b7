"""How much a plan allows."""

import pytest

from nexoraz.assets.domain.events import PlanNoted
from nexoraz.assets.domain.quota import ALLOWED, FREE, PLAN, Amount, NotePlan, QuotaExhausted, allowed, judge
from nexoraz.events.testing import given
from services.assets.tests.examples import ANN


@pytest.mark.parametrize("plan", ALLOWED)
def test_all_that_is_allowed_may_be_kept_and_nothing_more(plan: str) -> None:
    most = allowed(plan)
    judge(plan, most)
    for kept in (Amount(most.photos + 1, 0), Amount(0, most.bytes + 1)):
        with pytest.raises(QuotaExhausted) as refused:
            judge(plan, kept)
        assert refused.value == QuotaExhausted(plan, kept.photos, most.photos, kept.bytes, most.bytes)


def test_a_plan_that_is_not_known_allows_what_everybody_may_have() -> None:
    assert allowed("unheard-of") == allowed(FREE)


def test_a_plan_is_noted_when_it_differs() -> None:
    given(PLAN).when(NotePlan(ANN, FREE)).then()
    given(PLAN).when(NotePlan(ANN, "pro")).then(PlanNoted(ANN, "pro"))
    given(PLAN, PlanNoted(ANN, "pro")).when(NotePlan(ANN, FREE)).then(PlanNoted(ANN, FREE))
