"""What identity hears from billing: plan and credits, for the profile, and what a person must be told by mail."""

from collections.abc import Mapping

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.store import Transaction
from nexoraz.identity.application.notices import Notices
from nexoraz.identity.application.standings import Standings


class PlanChanged(Foreign, frozen=True):
    source = "nexoraz.billing.plan-changed.v1"
    account_id: str
    plan: str


class CreditsPurchased(Foreign, frozen=True):
    source = "nexoraz.billing.credits-purchased.v1"
    account_id: str
    credits: int


class CreditsReserved(Foreign, frozen=True):
    source = "nexoraz.billing.credits-reserved.v1"
    account_id: str
    credits: int


class CreditsReleased(Foreign, frozen=True):
    source = "nexoraz.billing.credits-released.v1"
    account_id: str
    credits: int


class CreditsTakenBack(Foreign, frozen=True):
    source = "nexoraz.billing.credits-taken-back.v1"
    account_id: str
    credits: int


class CreditsReturned(Foreign, frozen=True):
    source = "nexoraz.billing.credits-returned.v1"
    account_id: str
    credits: int


class PaymentProblem(Foreign, frozen=True):
    """notice: "overdue", "grace" or "unpaid". until: ISO 8601, or ""."""

    source = "nexoraz.billing.payment-problem.v1"
    account_id: str
    notice: str
    until: str


GIVES = (CreditsPurchased, CreditsReleased, CreditsReturned)
TAKES = (CreditsReserved, CreditsTakenBack)


def billing_handlers(standings: Standings, notices: Notices) -> Mapping[type[Foreign], Handler]:
    def on_plan_changed(tx: Transaction, received: Received) -> None:
        standings.set_plan(tx, received.data.account_id, received.data.plan)

    def on_credits_given(tx: Transaction, received: Received) -> None:
        standings.add_credits(tx, received.data.account_id, received.data.credits)

    def on_credits_taken(tx: Transaction, received: Received) -> None:
        standings.add_credits(tx, received.data.account_id, -received.data.credits)

    def on_payment_problem(tx: Transaction, received: Received) -> None:
        said: PaymentProblem = received.data
        notices.tell_of_payment(tx, said.account_id, said.notice, said.until)

    return {
        PlanChanged: on_plan_changed,
        **dict.fromkeys(GIVES, on_credits_given),
        **dict.fromkeys(TAKES, on_credits_taken),
        PaymentProblem: on_payment_problem,
    }
