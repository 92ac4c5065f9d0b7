"""The passkeys of an account (WebAuthn Level 3): public keys whose private halves stay with the person's devices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, assert_never

from nexoraz.events.classification import Fact, Id, Personal
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

MOST = 20


class PasskeyAdded(Event, frozen=True):
    """credential_id: base64url, chosen by the authenticator. public_key: COSE, base64url. name: the person's."""

    account_id: Id
    passkey_id: Id
    credential_id: Annotated[str, Personal("user.unique_id")]
    public_key: Annotated[str, Personal("user.authorization.credentials")]
    name: Annotated[str, Personal("user.device")]
    sign_count: Fact[int]
    at: Fact[datetime]


class PasskeyUsed(Event, frozen=True):
    """sign_count: of the authenticator, after this use; 0 for one that does not count."""

    passkey_id: Id
    sign_count: Fact[int]
    at: Fact[datetime]


class PasskeyRemoved(Event, frozen=True):
    account_id: Id
    passkey_id: Id
    at: Fact[datetime]


PasskeyEvent = PasskeyAdded | PasskeyUsed | PasskeyRemoved


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """The caller has checked the ceremony."""

    account_id: str
    passkey_id: str
    credential_id: str
    public_key: str
    name: str
    sign_count: int
    now: datetime


@dataclass(frozen=True, slots=True)
class UsePasskey:
    """The caller has checked signature and counter."""

    passkey_id: str
    sign_count: int
    now: datetime


@dataclass(frozen=True, slots=True)
class RemovePasskey:
    account_id: str
    passkey_id: str
    now: datetime


PasskeyCommand = AddPasskey | UsePasskey | RemovePasskey


@dataclass
class PasskeyUnknown(Refused):
    """No such passkey, or not this person's."""


@dataclass
class PasskeyAlreadyAdded(Refused):
    """The authenticator holds one for this account already."""


@dataclass
class PasskeysExhausted(Refused):
    """An account has so many at most."""

    most: int


@dataclass(frozen=True, slots=True)
class Passkey:
    passkey_id: str
    credential_id: str
    public_key: str
    name: str
    sign_count: int
    created_at: datetime
    last_used_at: datetime | None = None


Passkeys = dict[str, Passkey]


def decide(command: PasskeyCommand, state: Passkeys) -> Sequence[PasskeyEvent]:
    match command:
        case AddPasskey():
            return _add(command, state)
        case UsePasskey(passkey_id, sign_count, now):
            if passkey_id not in state:
                raise PasskeyUnknown
            return [PasskeyUsed(passkey_id, sign_count, now)]
        case RemovePasskey(account_id, passkey_id, now):
            if passkey_id not in state:
                raise PasskeyUnknown
            return [PasskeyRemoved(account_id, passkey_id, now)]
        case _:
            assert_never(command)


def _add(c: AddPasskey, state: Passkeys) -> Sequence[PasskeyEvent]:
    if any(known.credential_id == c.credential_id for known in state.values()):
        raise PasskeyAlreadyAdded
    if len(state) >= MOST:
        raise PasskeysExhausted(MOST)
    return [PasskeyAdded(c.account_id, c.passkey_id, c.credential_id, c.public_key, c.name, c.sign_count, c.now)]


def evolve(state: Passkeys, event: PasskeyEvent) -> Passkeys:
    match event:
        case PasskeyAdded(_, passkey_id, credential_id, public_key, name, sign_count, at):
            return {**state, passkey_id: Passkey(passkey_id, credential_id, public_key, name, sign_count, at)}
        case PasskeyUsed(passkey_id, sign_count, at):
            return {**state, passkey_id: replace(state[passkey_id], sign_count=sign_count, last_used_at=at)}
        case PasskeyRemoved(_, passkey_id):
            return {known_as: passkey for known_as, passkey in state.items() if known_as != passkey_id}
        case _:
            assert_never(event)


PASSKEYS: Decider[PasskeyCommand, Passkeys, PasskeyEvent] = Decider({}, decide, evolve)
PASSKEY_EVENTS: list[type[Event]] = [PasskeyAdded, PasskeyUsed, PasskeyRemoved]
