"""Giving and taking the role of an operator. No route leads here: only the command line of a deployment does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.event import Stream
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.ports import Accounts, Clock, OperatorRoll
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.domain.account import ACCOUNT
from nexoraz.identity.domain.email_address import normalised
from nexoraz.identity.domain.operator import OPERATORS, AddressNotInUse, GrantOperator, RevokeOperator


def operator_stream(account_id: str) -> Stream:
    """Whether one account has the role; it goes with the account."""
    return Stream.of("operator", account_id, account_id)


@dataclass(frozen=True, slots=True)
class KnownOperator:
    account_id: str
    email: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Operators:
    """end_sessions: of an account, each with its revocation told to all services."""

    store: EventStore
    accounts: Accounts
    roll: OperatorRoll
    now: Clock
    end_sessions: Callable[[str], None]

    def grant(self, email: str) -> str:
        """The account's id. Its next sign-in or refresh has the role. Raises AddressNotInUse, EmailAddressInvalid."""

        def work(tx: Transaction) -> str:
            account_id = self._account(tx, email)
            execute(tx, OPERATORS, operator_stream(account_id), GrantOperator(account_id, self.now()))
            return account_id

        return repeated(self.store, work)

    def revoke(self, email: str) -> str:
        """The account's id. No token with the role is made once this has committed, and then its sessions end, so that
        those that were made are refused. Done again, it ends them again. Raises as `grant`."""

        def work(tx: Transaction) -> str:
            account_id = self._account(tx, email)
            execute(tx, OPERATORS, operator_stream(account_id), RevokeOperator(account_id, self.now()))
            return account_id

        account_id = repeated(self.store, work)
        self.end_sessions(account_id)
        return account_id

    def all(self) -> list[KnownOperator]:
        """Everybody with the role, longest first."""
        with self.store.transaction() as tx:
            return [
                KnownOperator(account_id, load(tx, ACCOUNT, account_stream(account_id))[0].email, at)
                for account_id, at in self.roll.all(tx)
            ]

    def _account(self, tx: Transaction, email: str) -> str:
        known = self.accounts.find(tx, normalised(email))
        if known is None or not known.verified_by:
            raise AddressNotInUse
        return known.account_id
