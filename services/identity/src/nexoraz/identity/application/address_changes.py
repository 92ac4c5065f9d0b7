"""Changing the email address. Both addresses confirm; the answer does not tell whether the new one is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.alerts import ADDRESS, CREDENTIAL_CHANGED, Alerts
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import Accounts, Clock, KeyedHash, Mailbox, Throttle
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.secret_tokens import ADDRESS_CHANGE as PURPOSE
from nexoraz.identity.application.secret_tokens import MailedToken, mailed_hash, new_mailed, read_mailed
from nexoraz.identity.application.throttling import (
    ADDRESS_CHANGE_BY_ACCOUNT,
    ADDRESS_CHANGE_USE_BY_CLIENT,
    limit,
)
from nexoraz.identity.domain.account import ACCOUNT, ChangeAddress
from nexoraz.identity.domain.address_change import (
    ADDRESS_CHANGE,
    AddressChange,
    AddressChangeFailed,
    AddressChangeGone,
    AddressTaken,
    ConfirmAddressChange,
    StartAddressChange,
)
from nexoraz.identity.domain.email_address import normalised

AT_THE_OLD, AT_THE_NEW = "leave-address", "confirm-new-address"


def address_change_stream(account_id: str) -> Stream:
    """The changes of address of one account."""
    return Stream.of("address-change", account_id, account_id)


@dataclass(frozen=True, slots=True)
class AddressChanges:
    store: EventStore
    accounts: Accounts
    mailbox: Mailbox
    hashes: KeyedHash
    alerts: Alerts
    throttle: Throttle
    pace: Pace
    now: Clock
    new_id: Callable[[], str]

    def ask(self, account_id: str, email: str) -> None:
        """Mail a link to both addresses; none to an address that has an account, whose owner cannot be asked to
        give it away. Raises EmailAddressInvalid and TooManyAttempts."""
        with self.pace.even():
            address = normalised(email)
            limit(self.throttle, ADDRESS_CHANGE_BY_ACCOUNT, account_id)
            repeated(self.store, lambda tx: self._ask(tx, account_id, address))

    def _ask(self, tx: Transaction, account_id: str, address: str) -> None:
        account, _ = load(tx, ACCOUNT, account_stream(account_id))
        change_id = self.new_id()
        old, new = new_mailed(account_id, change_id), new_mailed(account_id, change_id)
        command = StartAddressChange(account_id, change_id, address, self._hash(old), self._hash(new), self.now())
        execute(tx, ADDRESS_CHANGE, address_change_stream(account_id), command)
        self.mailbox.post(tx, account_id, AT_THE_OLD, account.email, {"token": old.text, "address": address})
        if self.accounts.find(tx, address) is None:
            self.mailbox.post(tx, account_id, AT_THE_NEW, address, {"token": new.text})

    def confirm(self, text: str, client: str) -> bool:
        """Whether the address is changed now: False while the other link waits. Raises AddressChangeGone,
        AddressTaken and TooManyAttempts."""
        limit(self.throttle, ADDRESS_CHANGE_USE_BY_CLIENT, client)
        token = read_mailed(text)
        if token is None:
            raise AddressChangeGone
        try:
            change = repeated(self.store, lambda tx: self._confirm(tx, token))
        except (AccountErased, KeyDestroyed) as erased:
            raise AddressChangeGone from erased
        if change is None:
            raise AddressChangeGone
        return change.made

    def _confirm(self, tx: Transaction, token: MailedToken) -> AddressChange | None:
        """None for a wrong secret; that it was tried must be committed."""
        stream = address_change_stream(token.account_id)
        command = ConfirmAddressChange(token.link_id, self._hash(token), self.now())
        recorded = execute(tx, ADDRESS_CHANGE, stream, command)
        if any(isinstance(r.event, AddressChangeFailed) for r in recorded):
            return None
        change, _ = load(tx, ADDRESS_CHANGE, stream)
        if change.made and recorded:
            self._make(tx, token.account_id, change.address)
        return change

    def _make(self, tx: Transaction, account_id: str, address: str) -> None:
        known = self.accounts.find(tx, address)
        if known is not None and known.account_id != account_id:
            raise AddressTaken
        account, _ = load(tx, ACCOUNT, account_stream(account_id))
        execute(tx, ACCOUNT, account_stream(account_id), ChangeAddress(account_id, address, self.now()))
        facts = {"what": ADDRESS, "done": "changed"}
        self.alerts.tell(tx, account_id, CREDENTIAL_CHANGED, facts, to=account.email)

    def _hash(self, token: MailedToken) -> str:
        return mailed_hash(self.hashes, PURPOSE, token)
