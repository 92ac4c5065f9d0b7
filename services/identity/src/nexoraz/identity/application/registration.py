"""Registering an address and verifying it. The answer never tells whether the address was known."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, repeated
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import Accounts, Clock, Credentials, KeyedHash, Mailbox, Passwords, Throttle
from nexoraz.identity.application.secret_tokens import VERIFICATION, mailed_hash, new_mailed, read_mailed
from nexoraz.identity.application.throttling import (
    REGISTRATION_BY_ADDRESS,
    VERIFICATION_BY_ADDRESS,
    limit,
)
from nexoraz.identity.domain.account import (
    ACCOUNT,
    AccountAlreadyVerified,
    RegisterAccount,
    VerificationFailed,
    VerificationGone,
    VerificationsExhausted,
    VerifyAccount,
)
from nexoraz.identity.domain.countries import check_age
from nexoraz.identity.domain.email_address import lookup_form, normalised

T = TypeVar("T")
NOTICES_A_DAY = 3
"""So many mails tell someone that their address was registered again; more would be a way to annoy."""


def account_stream(account_id: str) -> Stream:
    """The history of one account."""
    return Stream.of("account", account_id, account_id)


@dataclass(frozen=True, slots=True)
class Registering:
    """What a person sends. The birth date is compared and forgotten."""

    email: str
    password: str = field(repr=False)
    name: str | None
    country: str
    born: date


@dataclass(frozen=True, slots=True)
class Checked:
    """A registration that may be kept."""

    email: str
    password_hash: str = field(repr=False)
    name: str | None
    country: str


@dataclass(frozen=True, slots=True)
class Registration:
    store: EventStore
    accounts: Accounts
    credentials: Credentials
    mailbox: Mailbox
    hashes: KeyedHash
    passwords: Passwords
    throttle: Throttle
    pace: Pace
    now: Clock
    new_id: Callable[[], str]

    def check(self, asked: Registering, client_address: str) -> Checked:
        """Everything before a transaction. Raises EmailAddressInvalid, BelowAgeOfConsent, BirthDateImpossible,
        TooManyAttempts. Below the age of consent nothing is kept, not even a count (clause K1)."""
        check_age(asked.country, asked.born, self.now().date())
        email = normalised(asked.email)
        limit(self.throttle, REGISTRATION_BY_ADDRESS, client_address)
        return Checked(email, self.passwords.hash(asked.password), asked.name, asked.country)

    def unit_of_work(self, work: Callable[[Transaction], T]) -> T:
        """`work` in a transaction, again when another registration was faster or the account's erasure began."""
        try:
            return repeated(self.store, work)
        except (AccountErased, KeyDestroyed):
            return repeated(self.store, work)

    def register(self, tx: Transaction, checked: Checked) -> None:
        """Record the registration, or tell the owner of a known address by mail. Raises VersionConflict for the
        slower one of two registrations of one address; done again, it finds the other one."""
        known = self.accounts.find(tx, checked.email)
        account_id = known.account_id if known else self.new_id()
        token = new_mailed(account_id, self.new_id())
        command = RegisterAccount(
            account_id, checked.email, checked.name, checked.country,
            token.link_id, mailed_hash(self.hashes, VERIFICATION, token), self.now(),
        )  # fmt: skip
        try:
            execute(tx, ACCOUNT, account_stream(account_id), command)
        except AccountAlreadyVerified:
            self._tell_the_owner(tx, account_id, checked.email)
            return
        except VerificationsExhausted:
            return
        self.credentials.put(tx, account_id, token.link_id, checked.password_hash)
        self.mailbox.post(tx, account_id, "verify-address", checked.email, {"token": token.text})

    def send_again(self, email: str, password: str, client_address: str) -> None:
        """One more verification mail for a registration that waits, and nothing for any other address; the caller
        cannot tell. The new token activates the password that is given now, as every token does that of its own."""
        with self.pace.even():
            address = lookup_form(email)
            limit(self.throttle, REGISTRATION_BY_ADDRESS, client_address)
            password_hash = self.passwords.hash(password)
            self.unit_of_work(lambda tx: self._send_again(tx, address, password_hash))

    def _send_again(self, tx: Transaction, address: str, password_hash: str) -> None:
        known = self.accounts.find(tx, address)
        if known is None or known.verified_by:
            return
        self.register(tx, Checked(address, password_hash, None, ""))

    def _tell_the_owner(self, tx: Transaction, account_id: str, email: str) -> None:
        since = self.now() - timedelta(days=1)
        if self.mailbox.posted_since(tx, account_id, "account-exists", since) < NOTICES_A_DAY:
            self.mailbox.post(tx, account_id, "account-exists", email, {})

    def check_verification(self, client_address: str) -> None:
        """Raises TooManyAttempts."""
        limit(self.throttle, VERIFICATION_BY_ADDRESS, client_address)

    def verify(self, tx: Transaction, text: str) -> bool:
        """Whether the token verified its account; a wrong secret is counted, so commit in both cases. Raises
        VerificationGone for every token that cannot be used (any more)."""
        token = read_mailed(text)
        if token is None or tx.is_erased(token.account_id):
            raise VerificationGone
        hashed = mailed_hash(self.hashes, VERIFICATION, token)
        command = VerifyAccount(token.account_id, token.link_id, hashed, self.now())
        recorded = execute(tx, ACCOUNT, account_stream(token.account_id), command)
        if any(isinstance(r.event, VerificationFailed) for r in recorded):
            return False
        if recorded:
            self.credentials.keep_only(tx, token.account_id, token.link_id)
        return True
