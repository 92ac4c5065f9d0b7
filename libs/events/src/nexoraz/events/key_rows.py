"""The rows of the vault: keys found, issued and deleted, accounts closed, each within the caller's transaction."""

import hashlib
import os
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.kek import Kek
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.vault_schema import EPOCH_LOCK, accounts, epochs, keys


class AccountClosed(KeyDestroyed):
    """The whole account is closed, which is for ever (a purpose alone can be destroyed too)."""


class KeyMissing(LookupError):
    """The vault never issued this key, though something claims to be sealed with it: a vault of another time."""

    def __init__(self, account_id: str, purpose: str) -> None:
        super().__init__(f"account {account_id!r} has no key for {purpose!r}")
        self.account_id = account_id
        self.purpose = purpose


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a destruction did: how many keys, when, in which epoch. `digest` names the wrapped keys that went."""

    account_id: str
    keys: int
    epoch: int
    at: datetime
    digest: str


def binding(account_id: str, purpose: str) -> bytes:
    return f"{account_id}|{purpose}".encode()


def find(connection: Connection, account_id: str, purpose: str) -> tuple[int, bytes] | None:
    """The wrapped key of an open account, None when none was issued. Raises KeyDestroyed."""
    row = connection.execute(
        select(accounts.c.state, keys.c.epoch, keys.c.wrapped)
        .outerjoin(keys, (keys.c.account_id == accounts.c.account_id) & (keys.c.purpose == purpose))
        .where(accounts.c.account_id == account_id)
    ).one_or_none()
    if row is None:
        return None
    if row.state != "open":
        raise AccountClosed(account_id)
    if row.epoch is None:
        return None
    if row.wrapped is None:
        raise KeyDestroyed(account_id)
    return row.epoch, row.wrapped


def issue(connection: Connection, kek: Kek, account_id: str, purpose: str) -> tuple[int, bytes]:
    """Insert a key under two locks until the commit: the epoch stays current, and the account stays open."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": EPOCH_LOCK})
    connection.execute(upsert(accounts).values(account_id=account_id).on_conflict_do_nothing())
    state = connection.execute(
        select(accounts.c.state).where(accounts.c.account_id == account_id).with_for_update(read=True)
    ).scalar_one()
    if state != "open":
        raise AccountClosed(account_id)
    epoch = _current_epoch(connection)
    wrapped = kek.wrap(epoch, os.urandom(32), binding(account_id, purpose))
    connection.execute(
        upsert(keys)
        .values(account_id=account_id, purpose=purpose, epoch=epoch, wrapped=wrapped)
        .on_conflict_do_nothing()
    )
    issued = find(connection, account_id, purpose)
    if issued is None:
        raise KeyMissing(account_id, purpose)
    return issued


def _current_epoch(connection: Connection) -> int:
    return int(connection.execute(select(func.max(epochs.c.epoch))).scalar_one())


def close(connection: Connection, account_id: str) -> datetime:
    closing = upsert(accounts).values(account_id=account_id, state="closed", closed_at=func.now())
    at: datetime = connection.execute(
        closing.on_conflict_do_update(
            index_elements=[accounts.c.account_id],
            set_={"state": "closed", "closed_at": func.coalesce(accounts.c.closed_at, func.now())},
        ).returning(accounts.c.closed_at)
    ).scalar_one()
    return at


def destruction(connection: Connection, account_id: str) -> Destruction | None:
    row = connection.execute(select(accounts).where(accounts.c.account_id == account_id)).one()
    if row.destroyed_at is None:
        return None
    return Destruction(account_id, row.proof["keys"], row.proof["epoch"], row.destroyed_at, row.proof["digest"])


def delete_keys(connection: Connection, account_id: str) -> Destruction:
    gone = connection.execute(
        delete(keys).where(keys.c.account_id == account_id).returning(keys.c.purpose, keys.c.wrapped)
    ).all()
    live = sorted((row.purpose, row.wrapped) for row in gone if row.wrapped is not None)
    digest = hashlib.sha256(b"".join(hashlib.sha256(wrapped).digest() for _, wrapped in live)).hexdigest()
    epoch = _current_epoch(connection)
    at = connection.execute(
        update(accounts)
        .where(accounts.c.account_id == account_id)
        .values(destroyed_at=func.now(), proof={"keys": len(live), "epoch": epoch, "digest": digest})
        .returning(accounts.c.destroyed_at)
    ).scalar_one()
    return Destruction(account_id, len(live), epoch, at, digest)
