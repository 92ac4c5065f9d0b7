"""A vault that was restored from a backup knows keys of accounts that were erased since. The service's own list of the
erased wins: those keys are destroyed again."""

from sqlalchemy import select

from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import accounts

PAGE = 1000


def destroy_again(store: SqlEventStore, vault: Vault, page: int = PAGE) -> int:
    """Destroy the keys of every account whose erasure is complete and whose destruction the vault does not know;
    returns how many those were. One query to each database for `page` accounts."""
    last, again = "", 0
    while True:
        erased = _erased_after(store, last, page)
        if not erased:
            return again
        last = erased[-1]
        for account_id in _unknown(vault, erased):
            vault.destroy(account_id)
            again += 1


def _erased_after(store: SqlEventStore, last: str, page: int) -> list[str]:
    erased = store.tables.erased_accounts.c
    query = select(erased.account_id).where(erased.completed_at.is_not(None), erased.account_id > last)
    with store.engine.connect() as connection:
        return [str(id_) for id_ in connection.scalars(query.order_by(erased.account_id).limit(page))]


def _unknown(vault: Vault, erased: list[str]) -> list[str]:
    known = select(accounts.c.account_id).where(accounts.c.destroyed_at.is_not(None), accounts.c.account_id.in_(erased))
    with vault.engine.connect() as connection:
        return sorted(set(erased) - set(connection.scalars(known)))
