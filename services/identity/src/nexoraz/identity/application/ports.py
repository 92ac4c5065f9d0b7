"""What the handlers need from the world. Each port has a real adapter and a fake in adapters/memory.py; both pass the
contract suite of tests/port_contracts.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from nexoraz.events.store import Transaction

Clock = Callable[[], datetime]
Jwk = dict[str, Any]
Json = dict[str, Any]


class KeyedHash(Protocol):
    def keyed_hash(self, purpose: str, value: str) -> str:
        """An HMAC under a secret key of this service: equal values can be found, and no value can be guessed."""
        ...


class Passwords(Protocol):
    def hash(self, password: str) -> str:
        """A salted, slow hash (argon2id, RFC 9106) in PHC form."""
        ...

    def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password matches. None stands for an account that does not exist: the same work, then False."""
        ...


class Credentials(Protocol):
    """The password hash that came with each verification or replacement; once an account is verified it has one."""

    def put(self, tx: Transaction, account_id: str, credential_id: str, password_hash: str) -> None: ...

    def find(self, tx: Transaction, account_id: str, credential_id: str) -> str | None:
        """None when there is none, and when the account's keys are destroyed."""
        ...

    def keep_only(self, tx: Transaction, account_id: str, credential_id: str) -> None:
        """Delete the account's other hashes."""
        ...


class FactorSecrets(Protocol):
    """The secret of an account's second factor; it has one at most."""

    def put(self, tx: Transaction, account_id: str, factor_id: str, secret: str) -> None:
        """In the place of the one before."""
        ...

    def find(self, tx: Transaction, account_id: str, factor_id: str) -> str | None:
        """None when there is none of that id, and when the account's keys are destroyed."""
        ...

    def delete(self, tx: Transaction, account_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """What a look-up by address finds. `verified_by` is empty until the address is verified; then it names what the
    password came with: the verification, or what replaced it since."""

    account_id: str
    verified_by: str


class Accounts(Protocol):
    def find(self, tx: Transaction, email: str) -> KnownAccount | None:
        """The account of a normalised address."""
        ...

    def after(self, tx: Transaction, account_id: str, most: int) -> list[str]:
        """The next verified accounts behind that id, in the order of ids; those whose erasure began are left out."""
        ...

    def password_of(self, tx: Transaction, account_id: str) -> str:
        """Its `verified_by`, "" for none. It stays what it is until the transaction ends."""
        ...


class Places(Protocol):
    def country(self, network: str) -> str:
        """ISO 3166-1 code of the country to which a network such as "198.51.100.0/24" was assigned, or ""."""
        ...


class OperatorRoll(Protocol):
    """Who has the role of an operator."""

    def has(self, tx: Transaction, account_id: str) -> bool:
        """Whether the account has the role. It keeps the role until the transaction ends."""
        ...

    def all(self, tx: Transaction) -> list[tuple[str, datetime]]:
        """The accounts with the role and since when, longest first."""
        ...


@dataclass(frozen=True, slots=True)
class ListedSession:
    """network, country: as far as they are known, or ""."""

    id: UUID
    device: str
    created_at: datetime
    last_used_at: datetime
    network: str = ""
    country: str = ""


class Sessions(Protocol):
    def of_account(
        self, tx: Transaction, account_id: str, after: tuple[datetime, UUID] | None, limit: int, now: datetime
    ) -> list[ListedSession]:
        """The sessions that are neither revoked nor expired, newest first, starting behind (created_at, id)."""
        ...


class Mailbox(Protocol):
    """Mail waiting to be sent. Recipient and parameters are stored sealed, and deleted once the mail is out."""

    def post(self, tx: Transaction, account_id: str, kind: str, to: str, facts: Mapping[str, str]) -> str:
        """Send a mail after the transaction has committed, at least once. Returns its id."""
        ...

    def posted_since(self, tx: Transaction, account_id: str, kind: str, since: datetime) -> int:
        """How many mails of that kind the account was sent, or is about to be."""
        ...


class Throttle(Protocol):
    def count(self, rule: "Rule", subject: str) -> int:
        """Count one attempt, at once and for good. Returns 0, or the seconds to wait when it was one too many.
        Subjects are stored as keyed hashes."""
        ...

    def clear(self, rule: "Rule", subject: str) -> None:
        """Forget the attempts."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """So many attempts in a window that starts with the first one."""

    name: str
    attempts: int
    window: timedelta


class Challenges(Protocol):
    """Random values that we gave out and that must come back once, within minutes. Stored as keyed hashes."""

    def give(self, purpose: str, subject: str, expires_at: datetime) -> str:
        """A new one, base64url, for that purpose and subject (an account's id, or "" for nobody yet)."""
        ...

    def take(self, purpose: str, subject: str, challenge: str) -> bool:
        """Whether it was given out for them and has not come back yet. It is gone in any case."""
        ...


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What an authenticator made: both in base64url."""

    credential_id: str
    public_key: str
    sign_count: int


class Ceremonies(Protocol):
    """The two ceremonies of WebAuthn, checked for our origin, with the user verified by the authenticator."""

    def to_register(self, account_id: str, label: str, challenge: str, known: Sequence[str]) -> Json:
        """Options for navigator.credentials.create(). known: credential ids that the account has."""
        ...

    def to_sign_in(self, challenge: str) -> Json:
        """Options for navigator.credentials.get(): any passkey of ours that the device has."""
        ...

    def registered(self, response: Json, challenge: str) -> NewCredential:
        """Raises CeremonyRefused."""
        ...

    def signed_in(self, response: Json, challenge: str, public_key: str, sign_count: int) -> int:
        """The authenticator's new counter. Raises CeremonyRefused."""
        ...


class CeremonyRefused(Exception):
    """The response does not prove what it should. Why is told to nobody."""


class ProviderLinks(Protocol):
    def find(self, tx: Transaction, subject_hash: str) -> str | None:
        """The account that is linked to the subject; it stays so until the transaction ends."""
        ...


@dataclass(frozen=True, slots=True)
class Stated:
    """What a provider says of a person. email_verified: that it has made sure of the address."""

    subject: str
    email: str
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """The secrets of one sign-in at a provider: what its answer must repeat (OpenID Connect Core 3.1, RFC 7636)."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


class Providers(Protocol):
    """OpenID providers. Raises ProviderUnknown for a name that is not configured."""

    def names(self) -> list[str]: ...

    def authorization_url(self, provider: str, asked: Asked) -> str:
        """Where the person is sent. Raises ProviderUnavailable."""
        ...

    def identify(self, provider: str, code: str, asked: Asked) -> Stated:
        """Exchange the code and check the ID token. Raises ProviderRefused and ProviderUnavailable."""
        ...


class ProviderUnknown(Exception):
    """No provider of that name."""


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as a provider does. Try again later."""


class ProviderRefused(Exception):
    """The code or the ID token is not good. Why is told to nobody."""


class PrivateKeys(Protocol):
    """Signing keys, stored sealed by a system key of the vault."""

    def put(self, tx: Transaction, private: Jwk) -> None: ...

    def get(self, tx: Transaction, kid: str) -> Jwk:
        """Raises KeyError when this service does not hold the key."""
        ...
