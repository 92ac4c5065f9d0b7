"""Bugs that the simulation has to find: each is planted in the production code for as long as its block lasts.

They are what erasure over several services, and credits over two of them, get wrong in practice.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import update

from nexoraz.billing.application import policies as billing_policies
from nexoraz.events import key_rows, participation
from nexoraz.events.bucket_port import Deleted
from nexoraz.events.bus import OwnStream
from nexoraz.events.holdings import Holdings
from nexoraz.events.key_rows import Destruction
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import accounts
from nexoraz.privacy.domain import request as request_module
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import in_order
from tests.simulation import work

Bug = Callable[[], AbstractContextManager[None]]


@contextmanager
def _replaced(*replacements: tuple[Any, str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, value in replacements:
            stack.enter_context(patch.object(owner, name, value))
        yield


def receipts_trust_the_deletion() -> AbstractContextManager[None]:
    """Deleting objects does nothing and says nothing, and nobody counts again afterwards."""
    return _replaced(
        (Holdings, "erase_objects", lambda *_: Deleted()),
        (Holdings, "objects_inventory", lambda *_: []),
        (participation, "scan", lambda *_: []),
    )


def keys_outlive_their_destruction() -> AbstractContextManager[None]:
    """The account is closed and the destruction is told, but the rows with the wrapped keys stay."""

    def told(connection: Any, account_id: str) -> Destruction:
        at = key_rows.close(connection, account_id)
        gone = {"keys": 1, "epoch": 1, "digest": ""}
        closed = update(accounts).where(accounts.c.account_id == account_id)
        connection.execute(closed.values(destroyed_at=at, proof=gone))
        return Destruction(account_id, 1, 1, at, "")

    return _replaced((key_rows, "delete_keys", told))


def purge_forgets_the_bus() -> AbstractContextManager[None]:
    """What was published about the erased stays on the bus, and is not counted."""
    return _replaced((OwnStream, "purge_key", lambda *_: 0), (OwnStream, "messages_of", lambda *_: 0))


def sealed_with_nothing() -> AbstractContextManager[None]:
    """What is stored looks sealed, and is not."""

    real = Vault.open

    def seal(_self: Vault, _account_id: str, _purpose: str, value: bytes, _context: str) -> bytes:
        return bytes([1]) + bytes(12) + value + bytes(16)

    def open_(self: Vault, account_id: str, purpose: str, sealed: bytes, context: str) -> bytes:
        return sealed[13:-16] if sealed[1:13] == bytes(12) else real(self, account_id, purpose, sealed, context)

    return _replaced((Vault, "seal", seal), (Vault, "open", open_))


def silence_counts_as_done() -> AbstractContextManager[None]:
    """The coordinator waits only for those who answered that they are not done."""

    def missing(self: Request) -> tuple[str, ...]:
        return tuple(p for p in self.participants if p in self.receipts and not self.receipts[p].done)

    return _replaced((Request, "missing_receipts", property(missing)))


def restored_service_hears_only_what_is_new() -> AbstractContextManager[None]:
    """A consumer that begins goes on at the end of the stream, whatever its database remembers."""
    return _replaced((work, "start_after", lambda _marks, state: state.last_sequence + 1))


def identity_with_the_others() -> AbstractContextManager[None]:
    """Everybody is asked to erase at once, identity too, which has yet to tell the person."""

    def due(state: Request) -> tuple[str, ...]:
        return in_order(p for p in state.participants if p not in state.asked)

    return _replaced((request_module, "_due_for_erasure", due))


def cancelled_renders_keep_their_credits() -> AbstractContextManager[None]:
    """A person cancels a render, and what was set aside for it stays set aside."""
    return _replaced((billing_policies, "release_credits_on_render_cancelled", lambda *_: None))


BUGS: dict[str, Bug] = {
    bug.__name__: bug
    for bug in (
        receipts_trust_the_deletion,
        keys_outlive_their_destruction,
        purge_forgets_the_bus,
        sealed_with_nothing,
        silence_counts_as_done,
        restored_service_hears_only_what_is_new,
        identity_with_the_others,
        cancelled_renders_keep_their_credits,
    )
}
