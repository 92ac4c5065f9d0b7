"""What an operator or a schedule has a service do from time to time: `rotate` its vault, `sweep` its stores."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nexoraz.events.attestation import attest, seconds_to_wait
from nexoraz.events.participation import Participation
from nexoraz.events.restored_vault import destroy_again
from nexoraz.events.rotation import Progress, rotate
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.vault import Vault

Say = Callable[[str], None]
EVERY_KEYS = 10_000
"""A line of progress for so many keys."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Each job tells what it does line by line and returns an exit status: 0 done and all well, 1 look at it.

    Both may run beside the running service and beside themselves, and go on where a killed run ended.
    """

    service: str
    store: SqlEventStore
    vault: Vault
    participation: Participation
    wait: Callable[[float], None] = time.sleep

    def jobs(self) -> Mapping[str, Callable[[Say], int]]:
        """By the names that they have on the command line."""
        return {"rotate": self.rotate, "sweep": self.sweep}

    def rotate(self, say: Say) -> int:
        """Begin a new key epoch or finish one that was begun; tell the coordinator when the old one is over."""
        again = destroy_again(self.store, self.vault)
        if again:
            say(f"keys of {again} erased accounts destroyed again: the vault is older than their erasure")
        told = 0

        def progress(now: Progress) -> None:
            nonlocal told
            if now.done // EVERY_KEYS > told or not now.left:
                told = now.done // EVERY_KEYS
                say(f"{now.done} keys re-wrapped, {now.left} left")

        done = rotate(self.vault, progress=progress)
        destroyed = ", ".join(map(str, done.destroyed)) or "none by this run"
        say(f"epoch {done.epoch} wraps every key; destroyed: {destroyed}")
        self.wait(seconds_to_wait(self.vault))
        for epoch in attest(self.service, self.store, self.vault):
            say(f"epoch {epoch} is over for good, which the certificates of its erasures will say")
        return 0

    def sweep(self, say: Say) -> int:
        """Look for anything that is left of any erased account; each finding becomes a task that needs an operator."""
        found = self.participation.sweep()
        for account_id, residue in found:
            say(f"{account_id}: {residue.found - residue.retained} in {residue.store}")
        say(f"{len(found)} findings" if found else "nothing is left of any erased account")
        return 1 if found else 0
