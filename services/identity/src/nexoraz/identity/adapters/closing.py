"""What happens in the transaction in which the erasure of an account begins."""

from dataclasses import dataclass

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.projections.accounts import SqlAccounts
from nexoraz.service.auth import revoke


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """From the commit on no token of the account is accepted, and its address is free for whoever comes next."""

    accounts: SqlAccounts

    def __call__(self, tx: Transaction, account_id: str) -> None:
        revoke(connection_of(tx), account_id)
        self.accounts.release_address(tx, account_id)
