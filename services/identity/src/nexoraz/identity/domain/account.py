"""An account: registered with an email address, usable once that address is verified."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, assert_never

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event
from nexoraz.identity.domain.countries import region_of

VERIFICATION_LIFE = timedelta(hours=24)
VERIFICATION_ATTEMPTS = 5
OPEN_VERIFICATIONS = 3
"""So many unused tokens may wait for one address; each one activates only the password it came with."""


class AccountRegistered(Event, frozen=True):
    account_id: Id
    email: Annotated[str, Personal("user.contact.email")]
    name: Annotated[str | None, Personal("user.name")]
    country: Annotated[str, Personal("user.contact.address.country")]
    registered_at: Fact[datetime]


class VerificationStarted(Event, frozen=True):
    """A one-time token was made. Only its keyed hash is known from here on."""

    account_id: Id
    verification_id: Id
    secret_hash: Id
    expires_at: Fact[datetime]


class VerificationFailed(Event, frozen=True):
    account_id: Id
    verification_id: Id


class AccountVerified(Event, frozen=True):
    """The address is the person's; the password that came with this verification is now the account's."""

    account_id: Id
    verification_id: Id
    region: Fact[str]
    verified_at: Fact[datetime]


class AccountRenamed(Event, frozen=True):
    account_id: Id
    name: Annotated[str | None, Personal("user.name")]


class AddressChanged(Event, frozen=True):
    """The person confirmed the new address, and that the old one is to be left."""

    account_id: Id
    email: Annotated[str, Personal("user.contact.email")]
    at: Fact[datetime]


AccountEvent = (
    AccountRegistered | VerificationStarted | VerificationFailed | AccountVerified | AccountRenamed | AddressChanged
)


@dataclass(frozen=True, slots=True)
class RegisterAccount:
    """Register the address, or start one more verification when it is registered and not verified yet."""

    account_id: str
    email: str
    name: str | None
    country: str
    verification_id: str
    secret_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class VerifyAccount:
    account_id: str
    verification_id: str
    secret_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class RenameAccount:
    account_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class ChangeAddress:
    """Both addresses were confirmed."""

    account_id: str
    email: str
    now: datetime


AccountCommand = RegisterAccount | VerifyAccount | RenameAccount | ChangeAddress


@dataclass
class AccountAlreadyVerified(Refused):
    """The address belongs to an account in use. Told to the address by mail, never to the caller."""


@dataclass
class VerificationsExhausted(Refused):
    """So many tokens wait unused for this address that no further mail is sent."""

    waiting: int


@dataclass
class VerificationGone(Refused):
    """Another token was used; or this one was mistyped too often, has expired or never was. No more is told."""


@dataclass
class AccountNotVerified(Refused):
    """Only an account with a verified address can do this."""


@dataclass(frozen=True, slots=True)
class Verification:
    secret_hash: str
    expires_at: datetime
    failures: int = 0

    def is_open(self, now: datetime) -> bool:
        return now < self.expires_at and self.failures < VERIFICATION_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Account:
    """The state that decisions need. `account_id` is empty before the account exists."""

    account_id: str = ""
    email: str = ""
    name: str | None = None
    country: str = ""
    verified_by: str = ""
    verifications: dict[str, Verification] = field(default_factory=dict)

    @property
    def verified(self) -> bool:
        return self.verified_by != ""


def decide(command: AccountCommand, state: Account) -> Sequence[AccountEvent]:
    match command:
        case RegisterAccount():
            return _register(command, state)
        case VerifyAccount():
            return _verify(command, state)
        case RenameAccount(account_id, name):
            if not state.verified:
                raise AccountNotVerified
            return [] if name == state.name else [AccountRenamed(account_id, name)]
        case ChangeAddress(account_id, email, now):
            if not state.verified:
                raise AccountNotVerified
            return [] if email == state.email else [AddressChanged(account_id, email, now)]
        case _:
            assert_never(command)


def _register(command: RegisterAccount, state: Account) -> Sequence[AccountEvent]:
    if state.verified:
        raise AccountAlreadyVerified
    waiting = sum(v.is_open(command.now) for v in state.verifications.values())
    if waiting >= OPEN_VERIFICATIONS:
        raise VerificationsExhausted(waiting)
    started = VerificationStarted(
        command.account_id, command.verification_id, command.secret_hash, command.now + VERIFICATION_LIFE
    )
    if state.account_id:
        return [started]
    registered = AccountRegistered(command.account_id, command.email, command.name, command.country, command.now)
    return [registered, started]


def _verify(command: VerifyAccount, state: Account) -> Sequence[AccountEvent]:
    verification = state.verifications.get(command.verification_id)
    if verification is None or not verification.is_open(command.now):
        raise VerificationGone
    right = hmac.compare_digest(verification.secret_hash, command.secret_hash)
    if state.verified:
        return _verified_before(right)
    if not right:
        return [VerificationFailed(command.account_id, command.verification_id)]
    region = region_of(state.country)
    return [AccountVerified(command.account_id, command.verification_id, region, command.now)]


def _verified_before(right: bool) -> Sequence[AccountEvent]:
    """The same token again has no effect and is no error, since the first answer may have been lost on its way."""
    if not right:
        raise VerificationGone
    return []


def evolve(state: Account, event: AccountEvent) -> Account:
    match event:
        case AccountRegistered(account_id, email, name, country):
            return replace(state, account_id=account_id, email=email, name=name, country=country)
        case VerificationStarted(_, verification_id, secret_hash, expires_at):
            return _with(state, verification_id, Verification(secret_hash, expires_at))
        case VerificationFailed(_, verification_id):
            failed = state.verifications[verification_id]
            return _with(state, verification_id, replace(failed, failures=failed.failures + 1))
        case AccountVerified(_, verification_id):
            used = {verification_id: state.verifications[verification_id]}
            return replace(state, verified_by=verification_id, verifications=used)
        case AccountRenamed(_, name):
            return replace(state, name=name)
        case AddressChanged(_, email):
            return replace(state, email=email)
        case _:
            assert_never(event)


def _with(state: Account, verification_id: str, verification: Verification) -> Account:
    return replace(state, verifications={**state.verifications, verification_id: verification})


ACCOUNT: Decider[AccountCommand, Account, AccountEvent] = Decider(Account(), decide, evolve)
ACCOUNT_EVENTS: list[type[Event]] = [
    AccountRegistered, VerificationStarted, VerificationFailed, AccountVerified, AccountRenamed,
    AddressChanged,
]  # fmt: skip
