"""Telling the coordinator that a key epoch is over for good, once nobody can hold a key of its time any more."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from nexoraz.events.holdings import stamp
from nexoraz.events.key_cache import LONGEST_TTL_S
from nexoraz.events.protocol_events import KeyEpochDestroyed, epochs_stream
from nexoraz.events.store import EventStore, Transaction, repeated
from nexoraz.events.vault import Vault

BOUND = timedelta(seconds=LONGEST_TTL_S)
"""After the destruction of a key-encryption key a process may use data keys that it had read before for so long."""


def attest(service: str, store: EventStore, vault: Vault) -> list[int]:
    """Record the epochs that are over and were not told yet; returns them. Any process may do it at any time.

    An epoch is told when it and all before it are destroyed and BOUND has passed, by the clock of the vault's database.
    """
    now = _now(vault)
    over: list[KeyEpochDestroyed] = []
    for epoch in vault.epochs():
        if epoch.destroyed_at is None or epoch.destroyed_at + BOUND > now:
            break
        at = epoch.destroyed_at
        over.append(KeyEpochDestroyed(service, epoch.epoch, stamp(at), stamp(at + BOUND)))

    def work(tx: Transaction) -> list[int]:
        told = tx.read(epochs_stream(service))
        known = {recorded.event.epoch for recorded in told}
        new = [event for event in over if event.epoch not in known]
        if new:
            tx.append(epochs_stream(service), len(told), new)
        return [event.epoch for event in new]

    return repeated(store, work)


def seconds_to_wait(vault: Vault) -> float:
    """Until every epoch that is destroyed by now can be attested."""
    latest = max((e.destroyed_at for e in vault.epochs() if e.destroyed_at is not None), default=None)
    return 0.0 if latest is None else max(0.0, (latest + BOUND - _now(vault)).total_seconds())


def _now(vault: Vault) -> datetime:
    with vault.engine.connect() as connection:
        now: datetime = connection.execute(select(func.now())).scalar_one()
    return now
