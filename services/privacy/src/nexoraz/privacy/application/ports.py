"""What the handlers need from the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from nexoraz.events.store import Transaction
from nexoraz.events.tasks import Task
from nexoraz.privacy.domain.amendment import Amended, KeyEpochEnded
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.vocabulary import Part, RequestType

Clock = Callable[[], datetime]


class RequestBook(Protocol):
    """Whose requests are whose."""

    def lock_account(self, tx: Transaction, account_id: str) -> None:
        """Until the end of the transaction, nobody else asks for this account nor begins its erasure here."""
        ...

    def active(self, tx: Transaction, account_id: str, type_: RequestType) -> str | None:
        """The id of the account's active request of that type."""
        ...

    def owners(self, tx: Transaction, request_ids: Sequence[str]) -> dict[str, str]:
        """Request → account, of those whose account is not erased; it is not erased before the transaction ends."""
        ...

    def remember_token(self, tx: Transaction, request_id: str, token_hash: str) -> None:
        """Let the bearer of the token with this keyed hash follow the request, after an erasure too."""
        ...

    def token_hash(self, tx: Transaction, request_id: str) -> str:
        """What `remember_token` was told, "" for nothing."""
        ...

    def keep_archive(self, tx: Transaction, request_id: str, account_id: str, size: int, expires_at: datetime) -> None:
        """Say that the archive can be downloaded."""
        ...

    def drop_archive(self, tx: Transaction, request_id: str) -> None: ...


class Roster(Protocol):
    def announced(self, tx: Transaction) -> frozenset[str]:
        """The names of all participants that have announced themselves."""
        ...


class KeyedHash(Protocol):
    def keyed_hash(self, purpose: str, value: str) -> str:
        """An HMAC under a system key: a value can be recognised, and no value can be guessed."""
        ...


class Queue(Protocol):
    """Durable work, done after the transaction."""

    def enqueue(
        self, tx: Transaction, kind: str, key: str, payload: dict[str, Any], account_id: str = "", delay_s: float = 0.0
    ) -> None: ...

    def complete(self, tx: Transaction, task: Task) -> None: ...


class ExportKeys(Protocol):
    """The key pair of each export. The private half is sealed under the account's own key."""

    def make(self, tx: Transaction, request_id: str, account_id: str) -> str:
        """A fresh pair; returns the public half (base64url). Raises KeyDestroyed."""
        ...

    def private(self, request_id: str) -> bytes | None:
        """None when it is gone. Raises KeyDestroyed."""
        ...

    def forget(self, tx: Transaction, request_id: str) -> None: ...


class ExportProgress(Protocol):
    """How far each step of an export is, for the person who waits."""

    def note(self, tx: Transaction, request_id: str, step: str, parts: int, size: int) -> None:
        """step: a participant's name, or "archive". parts, size (bytes): done so far."""
        ...

    def forget(self, tx: Transaction, request_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Assembly:
    """What an archive is made of."""

    request_id: str
    account_id: str
    private_key: bytes
    parts: tuple[Part, ...]
    at: datetime


class Signer(Protocol):
    """A private key that signs documents."""

    @property
    def public_jwk(self) -> Json: ...

    def sign(self, document: Json) -> bytes:
        """The signed document as a file."""
        ...


class SigningKeys(Protocol):
    def current(self, tx: Transaction) -> Signer:
        """The key that signs now; made at the first use."""
        ...


class ArchiveStore(Protocol):
    """Sealed parts and sealed archives in this service's own bucket."""

    def store(self, assembly: Assembly, signer: Signer, written: Callable[[int], None]) -> tuple[int, int]:
        """Assemble and store, as a stream; returns the size of the zip in bytes and how many entries it has. `written`
        is told the bytes so far, now and then.
        Raises Tampered for a part that is not what its participant said."""
        ...

    def has_parts(self, request_id: str, account_id: str, participant: str, count: int) -> bool:
        """Whether so many or more parts of that participant are stored, announced or not."""
        ...

    def erase_parts(self, assembly_of: str, account_id: str) -> None:
        """Remove every version of the parts of the request `assembly_of`, announced or not."""
        ...

    def erase_archive(self, request_id: str, account_id: str) -> None:
        """Remove every version of the archive."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A signed document in its place in the chain."""

    number: int
    sha256: str
    file: bytes
    at: datetime


class CertificateBook(Protocol):
    """The chain of certificates and their amendments."""

    def head(self, tx: Transaction) -> tuple[int, str]:
        """Number and sha256 of the last document, (0, "") for none; nobody else extends the chain until the end
        of the transaction."""
        ...

    def file(self, tx: Transaction, request_id: str) -> bytes | None:
        """The certificate of a request itself, byte for byte."""
        ...

    def add(self, tx: Transaction, request_id: str, entry: Entry) -> None:
        """Extend the chain by the certificate of a request."""
        ...

    def await_epochs(self, tx: Transaction, number: int, epochs: Mapping[str, int]) -> frozenset[str]:
        """Say in which epoch each participant's keys of that certificate ended; returns those whose epoch is already
        over."""
        ...

    def ended(self, tx: Transaction, participant: str, epoch: int) -> KeyEpochEnded | None:
        """How that epoch ended, if it did."""
        ...

    def awaiting(self, tx: Transaction, participant: str, epoch: int, most: int) -> Sequence[Amended]:
        """The oldest certificates that wait for the end of that epoch, each as its next amendment would name it."""
        ...

    def of_request(self, tx: Transaction, request_id: str) -> Amended | None:
        """The certificate of a request, as its next amendment would name it."""
        ...

    def is_amended(self, tx: Transaction, number: int, cause: str) -> bool:
        """Whether the certificate has an amendment for that cause."""
        ...

    def amend(self, tx: Transaction, entry: Entry, cause: str, certificates: Sequence[Amended]) -> None:
        """Extend the chain by an amendment. cause: why, in a form that is the same at every attempt."""
        ...
