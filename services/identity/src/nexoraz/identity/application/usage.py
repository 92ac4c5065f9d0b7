"""Which features are used: counted by account only with a yes to analytics, and for good in totals that name nobody
(clauses C2, U4).

A total grows in the transaction that counts; it holds a day, a feature and two numbers, so that an erasure neither
changes it nor could. What is shown is rounded down to tens: a group below ten is nothing, and one person more or less
is not seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from nexoraz.events.store import Transaction
from nexoraz.identity.application.ports import Clock

SMALLEST_GROUP = 10
KEPT = timedelta(days=30)
"""For which it is known who used what; the totals stay."""
SHOWN = timedelta(days=90)


class Feature(StrEnum):
    """What is counted; a closed list, so that nothing else can be told by it."""

    GALLERY = "gallery"
    UPLOAD = "upload"
    RENDER = "render"
    DOWNLOAD = "download"
    SEARCH = "search"
    PLANS = "plans"
    PROFILE = "profile"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Total:
    """accounts: how many used it that day; uses: how often."""

    day: date
    feature: str
    accounts: int
    uses: int


class UsageBook(Protocol):
    def allow(self, tx: Transaction, account_id: str) -> None:
        """The account said yes to analytics."""
        ...

    def forbid(self, tx: Transaction, account_id: str) -> None: ...

    def is_allowed(self, tx: Transaction, account_id: str) -> bool:
        """It stays so until the transaction ends."""
        ...

    def count(self, tx: Transaction, account_id: str, feature: str, day: date) -> None:
        """One use more, by account and in the total."""
        ...

    def totals(self, tx: Transaction, since: date) -> Sequence[Total]:
        """All from that day on, newest day first."""
        ...


@dataclass(frozen=True, slots=True)
class Usage:
    book: UsageBook
    now: Clock

    def decided(self, tx: Transaction, account_id: str, *, given: bool) -> None:
        """privacy says what the account allows."""
        if not given:
            self.book.forbid(tx, account_id)
        elif not tx.is_erased(account_id):
            self.book.allow(tx, account_id)

    def note(self, tx: Transaction, account_id: str, feature: Feature, *, signalled: bool) -> bool:
        """Count one use, if the account allows it and its browser does not say no (`Sec-GPC: 1`); whether it was."""
        if signalled or tx.is_erased(account_id) or not self.book.is_allowed(tx, account_id):
            return False
        self.book.count(tx, account_id, feature, self.now().date())
        return True

    def totals(self, tx: Transaction) -> list[Total]:
        """What may be shown."""
        found = self.book.totals(tx, self.now().date() - SHOWN)
        return [
            Total(t.day, t.feature, _tens(t.accounts), _tens(t.uses)) for t in found if t.accounts >= SMALLEST_GROUP
        ]


def _tens(number: int) -> int:
    return number - number % SMALLEST_GROUP
