"""Named valid messages that the tests of billing speak in."""

from datetime import UTC, datetime

from nexoraz.billing.domain.credits import AddCredits, ReleaseCredits, ReserveCredits, SpendCredits
from nexoraz.billing.domain.events import (
    CreditsAdded,
    CreditsHeld,
    CreditsReleased,
    CreditsReserved,
    CreditsSpent,
    PurchasePaid,
    PurchaseStarted,
    ReservationRefused,
)
from nexoraz.billing.domain.purchase_commands import ConfirmPayment, RejectPayment, StartPurchase
from nexoraz.billing.domain.subscription import Seen
from nexoraz.billing.domain.subscription_events import (
    CustomerOpened,
    PaymentRecovered,
    PeriodExtended,
    PlanChanged,
    SubscriptionStarted,
)

ANN = "6f0d0a0c-0000-4000-8000-00000000a001"
JOB = "6f0d0a0c-0000-4000-8000-00000000b001"
OTHER_JOB = "6f0d0a0c-0000-4000-8000-00000000b002"
PURCHASE_ID = "6f0d0a0c-0000-4000-8000-00000000c001"
INTENT = "pi_3example"
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

add = AddCredits(ANN, PURCHASE_ID, 10)
reserve = ReserveCredits(ANN, JOB, 1)
spend = SpendCredits(ANN, JOB)
release = ReleaseCredits(ANN, JOB)
MONTH_END = datetime(2026, 2, 15, 12, tzinfo=UTC)
seen = Seen("sub_1", 1, "active", "basic", "basic", MONTH_END, cancels=False)
"""A plan that is paid, as Stripe tells it."""
subscribed = (
    CustomerOpened(ANN, "cus_1"),
    SubscriptionStarted(ANN, "sub_1", "basic", NOON),
    PeriodExtended(ANN, "sub_1", MONTH_END),
    PaymentRecovered(ANN, "sub_1"),
    PlanChanged(ANN, "basic", "free", NOON),
)
added = CreditsAdded(ANN, PURCHASE_ID, 10)
reserved = CreditsReserved(ANN, JOB, 1)
held = CreditsHeld(ANN, PURCHASE_ID, 10)
refused = ReservationRefused(ANN, JOB, needed=1, left=0)
spent = CreditsSpent(ANN, JOB, 1)
released = CreditsReleased(ANN, JOB, 1)

start = StartPurchase(ANN, PURCHASE_ID, "starter", INTENT, NOON)
confirm = ConfirmPayment(PURCHASE_ID, NOON)
reject = RejectPayment(PURCHASE_ID, "card_declined", NOON)
started = PurchaseStarted(ANN, PURCHASE_ID, "starter", 10, 490, "eur", INTENT, NOON)
paid = PurchasePaid(ANN, PURCHASE_ID, NOON)
