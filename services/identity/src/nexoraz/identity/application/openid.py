"""Signing in by an OpenID provider. An account is linked by its owner, who is signed in, or who agrees to open one.

Whoever begins gets a handle, which never goes to the provider; state, nonce and PKCE verifier are made of it, so the
answer of a provider is worth nothing in another browser.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from nexoraz.events.decider import Refused
from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.alerts import Alerts
from nexoraz.identity.application.ports import (
    Accounts,
    Asked,
    Challenges,
    Clock,
    Credentials,
    KeyedHash,
    ProviderLinks,
    ProviderRefused,
    Providers,
    Stated,
    Throttle,
)
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.session_starts import Client, SessionStarts, SignedIn
from nexoraz.identity.application.throttling import (
    CHALLENGE_BY_CLIENT,
    REGISTRATION_BY_ADDRESS,
    SIGN_IN_BY_ADDRESS,
    limit,
)
from nexoraz.identity.domain.account import ACCOUNT, RegisterAccount, VerifyAccount
from nexoraz.identity.domain.countries import check_age
from nexoraz.identity.domain.email_address import normalised
from nexoraz.identity.domain.provider_link import PROVIDER_LINKS, LinkProvider, SubjectTaken, UnlinkProvider

LIFE = timedelta(minutes=10)


def links_stream(account_id: str) -> Stream:
    """The providers that one account is linked to."""
    return Stream.of("provider-links", account_id, account_id)


@dataclass
class NotLinked(Refused):
    """No account is linked to this person: sign in and link, or begin again and agree to open an account."""


@dataclass
class AddressNotSure(Refused):
    """The provider has not made sure of the address, so nothing is linked by it."""


@dataclass
class AddressHasAccount(Refused):
    """The address has an account: its owner signs in there, and links it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """handle: a secret of the client, to be sent with the provider's answer. expires_in: seconds."""

    authorization_url: str
    handle: str
    expires_in: int = int(LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: the client's handle, and what the provider sent with the browser."""

    provider: str
    handle: str
    code: str
    state: str


@dataclass(frozen=True, slots=True)
class Opening:
    """That an account is opened if there is none. The birth date is compared and forgotten (clause K1)."""

    country: str
    born: date
    name: str | None = None


@dataclass(frozen=True, slots=True)
class OpenId:
    store: EventStore
    accounts: Accounts
    credentials: Credentials
    links: ProviderLinks
    providers: Providers
    challenges: Challenges
    hashes: KeyedHash
    starts: SessionStarts
    alerts: Alerts
    throttle: Throttle
    now: Clock
    new_id: Callable[[], str]

    def begin(self, provider: str, client: Client, account_id: str = "") -> Begun:
        """account_id: who is signed in and wants to link. Raises ProviderUnknown, ProviderUnavailable,
        TooManyAttempts."""
        limit(self.throttle, CHALLENGE_BY_CLIENT, client.address)
        handle = self.challenges.give(f"openid-{provider}", account_id, self.now() + LIFE)
        return Begun(self.providers.authorization_url(provider, self._asked(handle)), handle)

    def linked(self, account_id: str) -> list[str]:
        """The providers that the account is linked to."""
        with self.store.transaction() as tx:
            links, _ = load(tx, PROVIDER_LINKS, links_stream(account_id))
        return sorted(links)

    def sign_in(self, answered: Answered, opening: Opening | None, client: Client) -> SignedIn:
        """Start a session; with an opening, in a new account if the person has none. Raises NotLinked,
        AddressNotSure, AddressHasAccount, BelowAgeOfConsent, BirthDateImpossible, ProviderRefused,
        ProviderUnavailable, ProviderUnknown, TooManyAttempts."""
        limit(self.throttle, SIGN_IN_BY_ADDRESS, client.address)
        if opening is not None:
            check_age(opening.country, opening.born, self.now().date())
            limit(self.throttle, REGISTRATION_BY_ADDRESS, client.address)
        stated = self._stated(answered, "")
        try:
            return repeated(self.store, lambda tx: self._sign_in(tx, answered.provider, stated, opening, client))
        except (AccountErased, KeyDestroyed) as erased:
            raise NotLinked from erased

    def _sign_in(
        self, tx: Transaction, provider: str, stated: Stated, opening: Opening | None, client: Client
    ) -> SignedIn:
        account_id = self.links.find(tx, self._subject(provider, stated))
        if account_id is None:
            if opening is None:
                raise NotLinked
            account_id = self._open(tx, provider, stated, opening)
        return self.starts.start_in(tx, account_id, client)

    def _open(self, tx: Transaction, provider: str, stated: Stated, opening: Opening) -> str:
        """A verified account without a password; passwords that came with unconfirmed registrations are dropped."""
        if not stated.email_verified:
            raise AddressNotSure
        address = normalised(stated.email)
        known = self.accounts.find(tx, address)
        if known is not None and known.verified_by:
            raise AddressHasAccount
        account_id, proof, now = known.account_id if known else self.new_id(), self.new_id(), self.now()
        hashed = self.hashes.keyed_hash("openid-verification", proof)
        stream = account_stream(account_id)
        register = RegisterAccount(account_id, address, opening.name, opening.country, proof, hashed, now)
        execute(tx, ACCOUNT, stream, register)
        execute(tx, ACCOUNT, stream, VerifyAccount(account_id, proof, hashed, now))
        self.credentials.keep_only(tx, account_id, proof)
        link = LinkProvider(account_id, provider, self._subject(provider, stated), now)
        execute(tx, PROVIDER_LINKS, links_stream(account_id), link)
        return account_id

    def link(self, account_id: str, answered: Answered) -> None:
        """Link the account of who is signed in. Raises AddressNotSure, SubjectTaken, ProviderAlreadyLinked and what
        the provider causes."""
        stated = self._stated(answered, account_id)
        if not stated.email_verified:
            raise AddressNotSure
        repeated(self.store, lambda tx: self._link(tx, account_id, answered.provider, stated))

    def _link(self, tx: Transaction, account_id: str, provider: str, stated: Stated) -> None:
        subject = self._subject(provider, stated)
        if self.links.find(tx, subject) not in (None, account_id):
            raise SubjectTaken
        command = LinkProvider(account_id, provider, subject, self.now())
        if execute(tx, PROVIDER_LINKS, links_stream(account_id), command):
            self.alerts.credential_changed(tx, account_id, f"sign-in by {provider}", "added")

    def unlink(self, account_id: str, provider: str) -> None:
        """Raises ProviderNotLinked."""

        def work(tx: Transaction) -> None:
            execute(tx, PROVIDER_LINKS, links_stream(account_id), UnlinkProvider(account_id, provider, self.now()))
            self.alerts.credential_changed(tx, account_id, f"sign-in by {provider}", "removed")

        repeated(self.store, work)

    def _stated(self, answered: Answered, account_id: str) -> Stated:
        asked = self._asked(answered.handle)
        ours = hmac.compare_digest(asked.state.encode(), answered.state.encode())
        taken = self.challenges.take(f"openid-{answered.provider}", account_id, answered.handle)
        if not ours or not taken:
            raise ProviderRefused
        return self.providers.identify(answered.provider, answered.code, asked)

    def _asked(self, handle: str) -> Asked:
        state, nonce, verifier = (self.hashes.keyed_hash(f"openid-{n}", handle) for n in ("state", "nonce", "verifier"))
        return Asked(state, nonce, verifier)

    def _subject(self, provider: str, stated: Stated) -> str:
        return self.hashes.keyed_hash("openid-subject", f"{provider}|{stated.subject}")
