"""All handlers of identity, put together from whatever fills the ports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nexoraz.events.store import EventStore
from nexoraz.identity.application.access_codes import AccessCodes
from nexoraz.identity.application.notices import Notices
from nexoraz.identity.application.operators import Operators
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import (
    Accounts,
    Clock,
    Credentials,
    Jwk,
    KeyedHash,
    Mailbox,
    OperatorRoll,
    Passwords,
    PrivateKeys,
    Sessions,
    Throttle,
)
from nexoraz.identity.application.profiles import Profiles
from nexoraz.identity.application.registration import Registration
from nexoraz.identity.application.sending import Sending, Transport, WaitingMails
from nexoraz.identity.application.sign_in import SignIn
from nexoraz.identity.application.signing import Signing


class Mails(Mailbox, WaitingMails, Protocol):
    """Both ends of the mailbox."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What the handlers need from the world."""

    store: EventStore
    accounts: Accounts
    sessions: Sessions
    operators: OperatorRoll
    credentials: Credentials
    mails: Mails
    private_keys: PrivateKeys
    throttle: Throttle
    hashes: KeyedHash
    passwords: Passwords
    transport: Transport
    pace: Pace
    now: Clock
    new_id: Callable[[], str]
    new_key: Callable[[], Jwk]
    public_url: str


@dataclass(frozen=True, slots=True)
class UseCases:
    registration: Registration
    sign_in: SignIn
    profiles: Profiles
    signing: Signing
    sending: Sending
    operators: Operators
    notices: Notices
    access_codes: AccessCodes


def use_cases(p: Ports) -> UseCases:
    signing = Signing(p.store, p.private_keys, p.now, p.new_key)
    sign_in = SignIn(
        p.store, p.accounts, p.credentials, p.sessions, p.operators, signing, p.hashes, p.passwords, p.throttle, p.pace,
        p.now, p.new_id,
    )  # fmt: skip
    return UseCases(
        registration=Registration(
            p.store, p.accounts, p.credentials, p.mails, p.hashes, p.passwords, p.throttle, p.pace, p.now, p.new_id
        ),
        sign_in=sign_in,
        profiles=Profiles(p.store),
        signing=signing,
        sending=Sending(p.store, p.mails, p.transport, p.now, p.public_url),
        operators=Operators(p.store, p.accounts, p.operators, p.now, sign_in.end_operators_sessions),
        notices=Notices(p.mails),
        access_codes=AccessCodes(
            p.store, p.accounts, p.mails, p.hashes, signing, p.throttle, p.pace, p.now, p.new_id
        ),
    )  # fmt: skip
