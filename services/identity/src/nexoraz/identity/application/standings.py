"""How an account stands with billing: its plan and the credits it can use."""

from dataclasses import dataclass
from typing import Protocol

from nexoraz.events.store import Transaction


@dataclass(frozen=True, slots=True)
class Standing:
    """changes: counts what billing has told, so that a profile's version changes with it."""

    plan: str = "free"
    credits: int = 0
    changes: int = 0


class Standings(Protocol):
    """Changes for an erased account are left out."""

    def of(self, tx: Transaction, account_id: str) -> Standing: ...

    def set_plan(self, tx: Transaction, account_id: str, plan: str) -> None: ...

    def add_credits(self, tx: Transaction, account_id: str, credits: int) -> None:
        """credits: negative when they are used or taken back."""
        ...
