"""Double entry: every change of an account's credits moves them from one book to another, so all books of an account
always add up to zero. What a person holds is `free`, `reserved` and `held`; none of them is ever negative.

`sold` is what came from outside, so it is never positive. `spent` and `refunded` are where credits end.
"""

from dataclasses import dataclass
from typing import Literal

from nexoraz.billing.domain.events import (
    CreditsAdded,
    CreditsHeld,
    CreditsReleased,
    CreditsReserved,
    CreditsReturned,
    CreditsSpent,
    CreditsTakenBack,
    HeldCreditsReleased,
    HeldCreditsRemoved,
)
from nexoraz.events.event import Event

Book = Literal["sold", "free", "reserved", "held", "spent", "refunded"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Credits that went from one book to another. reference: the purchase, the job or the refund."""

    kind: str
    reference: str
    source: Book
    target: Book
    credits: int

    def change_of(self, book: Book) -> int:
        """What the entry adds to a book."""
        return self.credits * ((self.target == book) - (self.source == book))

    def postings(self) -> tuple[tuple[Book, int], tuple[Book, int]]:
        """The two lines of the entry; together they are zero."""
        return (self.source, -self.credits), (self.target, self.credits)


def entry_of(event: Event) -> Entry | None:  # noqa: PLR0911 - one line per event
    """The entry that an event is; None for one that moves no credits."""
    match event:
        case CreditsAdded():
            return Entry("purchase", event.purchase_id, "sold", "free", event.credits)
        case CreditsHeld():
            return Entry("hold", event.purchase_id, "sold", "held", event.credits)
        case HeldCreditsReleased():
            return Entry("hold-released", event.purchase_id, "held", "free", event.credits)
        case HeldCreditsRemoved():
            return Entry("hold-refused", event.purchase_id, "held", "refunded", event.credits)
        case CreditsReserved():
            return Entry("reservation", event.job_id, "free", "reserved", event.credits)
        case CreditsReleased():
            return Entry("release", event.job_id, "reserved", "free", event.credits)
        case CreditsSpent():
            return Entry("spending", event.job_id, "reserved", "spent", event.credits)
        case CreditsTakenBack():
            return Entry("refund", event.refund_id, "free", "refunded", event.credits)
        case CreditsReturned():
            return Entry("refund-failed", event.refund_id, "refunded", "free", event.credits)
        case _:
            return None
