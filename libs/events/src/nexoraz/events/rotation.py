"""Epoch rotation: every living data key re-wrapped under a new key-encryption key, then the old one destroyed.

After it, data keys that were deleted earlier are gone for good: their wrapped copies in dead rows, logs and backups
open under a key that no longer exists.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, text, tuple_, update

from nexoraz.events.kek import Kek
from nexoraz.events.key_rows import binding
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import EPOCH_LOCK, epochs, keys

UNFINISHED = select(epochs.c.epoch).where(epochs.c.retired_at.is_not(None), epochs.c.destroyed_at.is_(None)).limit(1)
REWRAP = (
    update(keys)
    .where(keys.c.account_id == bindparam("account"), keys.c.purpose == bindparam("of"))
    .values(epoch=bindparam("to"), wrapped=bindparam("fresh"))
)
"""Sent once for each key, a batch in one round trip. A join with the batch read all keys for each of its keys while
PostgreSQL's statistics were of a time at which the table was empty, as they may be when a vault was just filled."""


@dataclass(frozen=True, slots=True)
class Progress:
    """After a batch: keys re-wrapped by this run, and keys left (counted once, at the start)."""

    done: int
    left: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a run did: the current epoch, the keys it re-wrapped, the epochs whose key it destroyed."""

    epoch: int
    rewrapped: int
    destroyed: tuple[int, ...]


def rotate(vault: Vault, batch: int = 1000, progress: Callable[[Progress], None] | None = None) -> Rotation:
    """Begin a rotation, or resume one that was killed at any point; finish it. Two runs at once share the work.

    Memory is bounded by `batch`. Keys stay usable throughout. `progress` is told after each committed batch.
    """
    with _unhurried(vault) as connection:
        epoch = _begin(connection, vault)
        total = _count_old(connection, epoch)
    done, destroyed = 0, list[int]()
    while _unfinished(vault):
        for moved in _one_pass(vault, epoch, batch):
            done += moved
            if progress:
                progress(Progress(done, max(0, total - done)))
        destroyed += _destroy_retired(vault, epoch)
    return Rotation(epoch, done, tuple(destroyed))


@contextmanager
def _unhurried(vault: Vault) -> Iterator[Connection]:
    """A transaction of a job: counting and checking all keys may take longer than a request is given."""
    with vault.engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        yield connection


def _begin(connection: Connection, vault: Vault) -> int:
    """The epoch to move to: that of an unfinished rotation, or a new one. Waits for issues under the old epoch."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": EPOCH_LOCK})
    current = connection.execute(select(func.max(epochs.c.epoch))).scalar_one()
    if connection.execute(UNFINISHED).first() is not None:
        return int(current)
    vault.kek.create(current + 1)
    connection.execute(update(epochs).where(epochs.c.epoch == current).values(retired_at=func.now()))
    connection.execute(insert(epochs).values(epoch=current + 1))
    return int(current) + 1


def _count_old(connection: Connection, epoch: int) -> int:
    return int(connection.execute(select(func.count()).select_from(keys).where(keys.c.epoch < epoch)).scalar_one())


def _unfinished(vault: Vault) -> bool:
    with vault.engine.connect() as connection:
        return connection.execute(UNFINISHED).first() is not None


def _one_pass(vault: Vault, epoch: int, batch: int) -> Iterator[int]:
    """Walk all keys once, a batch per transaction; yields the size of each committed batch."""
    last = ("", "")
    while True:
        with _unhurried(vault) as connection:
            # Rows that someone else holds are being destroyed, or re-wrapped by another run; a later pass checks.
            chosen = select(keys).where(keys.c.epoch < epoch, tuple_(keys.c.account_id, keys.c.purpose) > last)
            ordered = chosen.order_by(keys.c.account_id, keys.c.purpose).limit(batch)
            rows = connection.execute(ordered.with_for_update(skip_locked=True)).all()
            if rows:
                _rewrap(connection, vault.kek, epoch, rows)
        if not rows:
            return
        last = (rows[-1].account_id, rows[-1].purpose)
        yield len(rows)


def _rewrap(connection: Connection, kek: Kek, epoch: int, rows: Sequence[Row[Any]]) -> None:
    fresh: list[dict[str, object]] = []
    for row in rows:
        whose = binding(row.account_id, row.purpose)
        gone = row.wrapped is None
        wrapped = None if gone else kek.wrap(epoch, kek.unwrap(row.epoch, row.wrapped, whose), whose)
        fresh.append({"account": row.account_id, "of": row.purpose, "to": epoch, "fresh": wrapped})
    connection.execute(REWRAP, fresh)


def _destroy_retired(vault: Vault, epoch: int) -> list[int]:
    """Destroy the key of each retired epoch that wraps nothing any more.

    The share lock makes the check wait for rows that another transaction still holds.
    """
    destroyed = list[int]()
    with _unhurried(vault) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": EPOCH_LOCK})
        retired = select(epochs.c.epoch).where(epochs.c.epoch < epoch, epochs.c.destroyed_at.is_(None))
        for (old,) in connection.execute(retired.order_by(epochs.c.epoch)).all():
            in_use = select(keys.c.account_id).where(keys.c.epoch == old).limit(1).with_for_update(read=True)
            if connection.execute(in_use).first() is None:
                vault.kek.destroy(old)
                connection.execute(update(epochs).where(epochs.c.epoch == old).values(destroyed_at=func.now()))
                destroyed.append(old)
    return destroyed
