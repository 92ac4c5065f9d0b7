"""The receipt of an erasure, worked out from what was recorded on the way and what is there at the end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from nexoraz.events.event import Recorded
from nexoraz.events.holdings import Counted, Holdings
from nexoraz.events.protocol_events import (
    BusCounted,
    ErasureBegun,
    ErasureFinished,
    ObjectsCounted,
    ReceiptLine,
    RowsErased,
)

ERASED, RETAINED, NOTHING, UNVERIFIED = "erased", "partially-retained", "nothing-held", "unverified"
Key = tuple[str, str]


@dataclass(slots=True)
class Progress:
    """What the history of one erasure says has been done."""

    version: int = 0
    account_id: str = ""
    begun_at: datetime | None = None
    position: int = 0
    found: dict[Key, int] = field(default_factory=dict)
    objects_counted: bool = False
    erased: dict[Key, int] | None = None
    bus_messages: int | None = None
    finished: ErasureFinished | None = None

    @classmethod
    def of(cls, history: Iterable[Recorded]) -> "Progress":
        progress = cls()
        for recorded in history:
            progress._take(recorded)
        return progress

    @property
    def done(self) -> bool:
        """Whether a receipt was given that needs no second attempt."""
        return self.finished is not None and self.finished.outcome != UNVERIFIED

    def _take(self, recorded: Recorded) -> None:
        self.version = recorded.version
        match recorded.event:
            case ErasureBegun(_, account_id, counted):
                self.account_id, self.begun_at, self.position = account_id, recorded.occurred_at, recorded.position
                self._count(counted)
            case ObjectsCounted(_, counted):
                self.objects_counted = True
                self._count(counted)
            case RowsErased(_, erased):
                self.erased = self.erased or {}
                for line in erased:
                    key = (line.category, line.store)
                    self.erased[key] = self.erased.get(key, 0) + line.count
            case BusCounted(_, messages):
                self.bus_messages = messages
            case ErasureFinished():
                self.finished = recorded.event

    def _count(self, counted: Iterable[Counted]) -> None:
        for line in counted:
            key = (line.category, line.store)
            self.found[key] = self.found.get(key, 0) + line.found


def receipt_lines(
    progress: Progress, now: list[Counted], objects: set[str], held: Iterable[Counted] = ()
) -> list[ReceiptLine]:
    """One line per category and store. `now` is what a fresh inventory counts; `objects` are the stores in buckets;
    `held` is what legal holds took out of each store before it was emptied.

    Objects have no transaction to count in, so what is gone of those found is what was erased of them.
    """
    erased = progress.erased or {}
    current = {(line.category, line.store): line for line in now}
    safe = {(line.category, line.store): line for line in held}
    lines = []
    for category, store in sorted({*progress.found, *erased, *current}):
        key, nothing = (category, store), Counted(category, store, 0)
        found, line, kept_safe = progress.found.get(key, 0), current.get(key, nothing), safe.get(key, nothing)
        left = line.found - line.retained
        gone = max(0, found - line.found) if store in objects else erased.get(key, 0)
        # What the erasure itself wrote, such as a refusal of tokens, is not the person's.
        kept = min(line.retained + kept_safe.found, found)
        basis, until = _reason(line, kept_safe) if kept else ("", "")
        lines.append(ReceiptLine(category, store, found, max(0, gone - kept_safe.found), kept, left, basis, until))
    return lines


def _reason(law: Counted, hold: Counted) -> tuple[str, str]:
    """Why something is kept, and until when the last of it is."""
    reasons = [line.basis for line in (law, hold) if line.basis]
    return "; ".join(dict.fromkeys(reasons)), max(law.until, hold.until)


def outcome_of(lines: list[ReceiptLine], keys: int, holdings: Holdings, left_on_bus: int = 0) -> str:
    """`unverified` when anything is left, or when something was there and nobody ever removed or kept any of it."""
    if left_on_bus:
        return UNVERIFIED
    for line in lines:
        vanished = line.found > 0 and line.erased == 0 and line.retained == 0
        if line.left > 0 or (vanished and not holdings.is_transient(line.store)):
            return UNVERIFIED
    if any(line.retained for line in lines):
        return RETAINED
    return ERASED if keys or any(line.found for line in lines) else NOTHING
