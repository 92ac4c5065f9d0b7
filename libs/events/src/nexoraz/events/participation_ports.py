"""What participation needs from the outside: the bus, and a place for parts of exports."""

from typing import Any, Protocol

from nexoraz.events.store import Transaction
from nexoraz.events.tasks import Task


class RelayProgress(Protocol):
    """How far this service's relay is."""

    def wait_passed(self, position: int, timeout_s: float) -> bool:
        """Whether everything up to `position` has been published, waiting for at most that long."""
        ...


class BusPurge(Protocol):
    """This service's own messages about an account."""

    def count(self, account_id: str) -> int: ...

    def purge(self, account_id: str) -> int:
        """Remove them; how many went. Repeatable."""
        ...


class UploadRefused(Exception):
    """The coordinator takes no such part (any more). reason: a kebab-case word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UploadGrants(Protocol):
    """Asks the coordinator for a place to put a part."""

    def grant(self, request_id: str, participant: str, part: str) -> str:
        """A URL for one PUT. Raises UploadRefused when asking again is useless, anything else to be asked later."""
        ...


class Tasks(Protocol):
    """The part of the task queue that participation uses."""

    def enqueue(
        self,
        tx: Transaction,
        kind: str,
        key: str,
        payload: dict[str, Any],
        account_id: str = "",
        delay_s: float = 0.0,
    ) -> None: ...

    def complete(self, tx: Transaction, task: Task) -> None: ...
