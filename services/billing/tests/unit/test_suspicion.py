"""Which payments are looked at."""

import pytest

from nexoraz.billing.domain.suspicion import MOST_IN_WINDOW, PaymentFacts, suspicions


@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        (PaymentFacts(0, "DE", "eu"), ()),
        (PaymentFacts(MOST_IN_WINDOW - 1, "FR", "eu"), ()),
        (PaymentFacts(MOST_IN_WINDOW, "FR", "eu"), ("velocity",)),
        (PaymentFacts(0, "US", "eu"), ("country",)),
        (PaymentFacts(0, "FR", "us"), ("country",)),
        (PaymentFacts(0, "CA", "us"), ()),
        (PaymentFacts(0, "US", "other"), ()),
        (PaymentFacts(0, "US", ""), ()),
        (PaymentFacts(0, "", "eu"), ()),
        (PaymentFacts(9, "US", "eu"), ("velocity", "country")),
    ],
)
def test_each_rule_holds_what_it_says_and_nothing_else(facts: PaymentFacts, rules: tuple[str, ...]) -> None:
    assert suspicions(facts) == rules
