"""The Payments port against a Stripe that keeps state: localstripe."""

from uuid import uuid4

import pytest

from nexoraz.billing.adapters.stripe_payments import StripePayments
from nexoraz.billing.application.ports import PaymentMissing, PaymentRejected, PaymentsUnavailable
from nexoraz.billing.domain.packs import PACKS
from nexoraz.local import ports
from nexoraz.local.parts.stripe import Stripe
from services.billing.tests.integration.stripe_side import NEEDS_AUTHENTICATION, card, post

pytestmark = pytest.mark.real
STARTER = PACKS["starter"]


@pytest.fixture
def payments(stripe: Stripe) -> StripePayments:
    return StripePayments(stripe.api_key, stripe.api_base)


def test_a_payment_is_open_until_the_person_pays(stripe: Stripe, payments: StripePayments) -> None:
    opened = payments.open(str(uuid4()), STARTER, None)
    assert opened.status == "open" and opened.client_secret.startswith(opened.intent)
    assert payments.read(opened.intent).status == "open"
    post(stripe, f"payment_intents/{opened.intent}/confirm", payment_method="pm_card_visa")
    assert payments.read(opened.intent).status == "succeeded"


def test_a_payment_method_confirms_at_once(payments: StripePayments) -> None:
    assert payments.open(str(uuid4()), STARTER, "pm_card_visa").status == "succeeded"


def test_a_declined_card_is_refused_with_its_code(payments: StripePayments) -> None:
    with pytest.raises(PaymentRejected) as refused:
        payments.open(str(uuid4()), STARTER, "pm_card_chargeCustomerFail")
    assert refused.value.code == "card_declined"


def test_a_payment_method_that_does_not_exist_is_refused(payments: StripePayments) -> None:
    with pytest.raises(PaymentRejected):
        payments.open(str(uuid4()), STARTER, "pm_nothing")


def test_a_card_that_needs_authentication_stays_open_with_its_secret(stripe: Stripe, payments: StripePayments) -> None:
    opened = payments.open(str(uuid4()), STARTER, card(stripe, NEEDS_AUTHENTICATION))
    assert opened.status == "open" and opened.client_secret
    authenticate = f"payment_intents/{opened.intent}/_authenticate"
    post(stripe, authenticate, client_secret=opened.client_secret, success="true")
    assert payments.read(opened.intent).status == "succeeded"


def test_a_payment_that_stripe_never_had_is_missing(payments: StripePayments) -> None:
    with pytest.raises(PaymentMissing):
        payments.read("pi_nothing")


def test_a_stripe_that_does_not_answer_is_unavailable() -> None:
    away = StripePayments("sk_test_1", f"http://127.0.0.1:{ports.free_range(1)}")
    with pytest.raises(PaymentsUnavailable):
        away.open(str(uuid4()), STARTER, None)
    with pytest.raises(PaymentsUnavailable):
        away.read("pi_1")
