"""All handlers of identity, put together from whatever fills the ports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nexoraz.events.store import EventStore
from nexoraz.identity.application.access_codes import AccessCodes
from nexoraz.identity.application.address_changes import AddressChanges
from nexoraz.identity.application.alerts import Alerts
from nexoraz.identity.application.history import History
from nexoraz.identity.application.news import News, Suppressions
from nexoraz.identity.application.notices import Notices
from nexoraz.identity.application.openid import OpenId
from nexoraz.identity.application.operators import Operators
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.passkeys import PasskeyKeeping
from nexoraz.identity.application.password_changes import PasswordChanges
from nexoraz.identity.application.policy_mails import PolicyMails, Queue
from nexoraz.identity.application.ports import (
    Accounts,
    Ceremonies,
    Challenges,
    Clock,
    Credentials,
    FactorSecrets,
    Jwk,
    KeyedHash,
    Mailbox,
    OperatorRoll,
    Passwords,
    Places,
    PrivateKeys,
    ProviderLinks,
    Providers,
    Sessions,
    Throttle,
)
from nexoraz.identity.application.profiles import Profiles
from nexoraz.identity.application.referred_mail import ReferredMail
from nexoraz.identity.application.registration import Registration
from nexoraz.identity.application.second_factors import SecondFactors
from nexoraz.identity.application.sending import Sending, Transport, WaitingMails
from nexoraz.identity.application.session_ends import SessionEnds
from nexoraz.identity.application.session_starts import SessionStarts
from nexoraz.identity.application.sign_in import SignIn
from nexoraz.identity.application.signing import Signing
from nexoraz.identity.application.standings import Standings
from nexoraz.identity.application.usage import Usage, UsageBook


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
    factor_secrets: FactorSecrets
    mails: Mails
    suppressions: Suppressions
    usage: UsageBook
    queue: Queue
    private_keys: PrivateKeys
    throttle: Throttle
    hashes: KeyedHash
    passwords: Passwords
    places: Places
    challenges: Challenges
    standings: Standings
    ceremonies: Ceremonies
    provider_links: ProviderLinks
    providers: Providers
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
    session_ends: SessionEnds
    password_changes: PasswordChanges
    address_changes: AddressChanges
    passkeys: PasskeyKeeping
    second_factors: SecondFactors
    openid: OpenId
    profiles: Profiles
    history: History
    signing: Signing
    sending: Sending
    operators: Operators
    notices: Notices
    news: News
    referred_mail: ReferredMail
    policy_mails: PolicyMails
    usage: Usage
    access_codes: AccessCodes


def use_cases(p: Ports) -> UseCases:
    signing = Signing(p.store, p.private_keys, p.now, p.new_key)
    alerts = Alerts(p.mails, p.now)
    ends = SessionEnds(p.store, p.sessions, p.now)
    starts = SessionStarts(p.store, p.operators, signing, p.hashes, p.places, alerts, p.now, p.new_id)
    news = News(p.mails, p.suppressions, p.hashes, p.now)
    policy_mails = PolicyMails(p.store, p.accounts, p.mails, p.queue, p.now)
    factors = SecondFactors(p.store, p.factor_secrets, p.hashes, alerts, p.throttle, p.now, p.new_id)
    return UseCases(
        registration=Registration(
            p.store, p.accounts, p.credentials, p.mails, p.hashes, p.passwords, p.throttle, p.pace, p.now, p.new_id
        ),
        sign_in=SignIn(
            p.store, p.accounts, p.credentials, factors, starts, p.hashes, p.passwords, p.throttle, p.pace, p.now
        ),
        session_ends=ends,
        password_changes=PasswordChanges(
            p.store, p.accounts, p.credentials, p.mails, p.hashes, p.passwords, ends, alerts, p.throttle, p.pace,
            p.now, p.new_id,
        ),
        address_changes=AddressChanges(
            p.store, p.accounts, p.mails, p.hashes, alerts, p.throttle, p.pace, p.now, p.new_id
        ),
        passkeys=PasskeyKeeping(
            p.store, p.accounts, p.challenges, p.ceremonies, starts, alerts, p.throttle, p.pace, p.now, p.new_id
        ),
        second_factors=factors,
        openid=OpenId(
            p.store, p.accounts, p.credentials, p.provider_links, p.providers, p.challenges, p.hashes, starts, alerts,
            p.throttle, p.now, p.new_id,
        ),
        profiles=Profiles(p.store, p.standings),
        history=History(p.store),
        signing=signing,
        sending=Sending(p.store, p.mails, p.transport, p.now, p.public_url, news, policy_mails),
        operators=Operators(p.store, p.accounts, p.operators, p.now, ends.end_operators_sessions),
        notices=Notices(p.mails),
        news=news,
        referred_mail=ReferredMail(p.store, p.accounts, p.mails, p.now),
        policy_mails=policy_mails,
        usage=Usage(p.usage, p.now),
        access_codes=AccessCodes(
            p.store, p.accounts, p.mails, p.hashes, signing, p.throttle, p.pace, p.now, p.new_id
        ),
    )  # fmt: skip
