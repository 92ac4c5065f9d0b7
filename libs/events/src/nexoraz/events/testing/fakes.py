"""Fakes of the kernel's ports. Each passes the contract suite of the real adapter."""

from datetime import datetime, timedelta

from nexoraz.events.registry import KeyDestroyed


class FixedClock:
    """A clock that moves when told: `clock.advance(hours=1)`."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        """Move forward by the arguments of a timedelta."""
        self.at += timedelta(**by)


class MemorySealer:
    """A Sealer without cryptography: it binds account, purpose and context, and forgets accounts."""

    def __init__(self) -> None:
        self.destroyed: set[str] = set()

    def seal(self, account_id: str, purpose: str, value: bytes, context: str) -> bytes:
        self._check(account_id)
        return f"{account_id}|{purpose}|{context}|".encode() + bytes(b ^ 0x5A for b in value)

    def open(self, account_id: str, purpose: str, sealed: bytes, context: str) -> bytes:
        self._check(account_id)
        head = f"{account_id}|{purpose}|{context}|".encode()
        if not sealed.startswith(head):
            raise ValueError("sealed for another account, purpose or context")
        return bytes(b ^ 0x5A for b in sealed[len(head) :])

    def destroy(self, account_id: str) -> None:
        """Forget the account's keys; from now on its values can be neither read nor written."""
        self.destroyed.add(account_id)

    def _check(self, account_id: str) -> None:
        if account_id in self.destroyed:
            raise KeyDestroyed(account_id)
