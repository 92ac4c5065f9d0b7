"""What came to be true after a certificate was issued: a further signed document in the same chain.

A certificate is never changed. An amendment names each certificate that it amends, the document of that certificate
that it follows, and what is added: the end of a key epoch, or the later erasure of what had been kept. It holds no
personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from nexoraz.privacy.domain.canonical import Json, NotCanonical, canonical, parse_canonical
from nexoraz.privacy.domain.certificate import Issue, stamp
from nexoraz.privacy.domain.vocabulary import ReceiptLine

KIND = "nexoraz-certificate-amendment"
FORMAT = 1
MOST_CERTIFICATES = 250
"""In one amendment: about 50 KB. The end of an epoch concerns many certificates, and must be neither a document for
each nor one without a bound."""
EPOCH_ENDED, RECORDS_ERASED = "key-epoch-ended", "records-erased"


@dataclass(frozen=True, slots=True)
class KeyEpochEnded:
    """A participant's key-encryption keys up to this epoch are destroyed, so wrapped keys in backups open nothing.

    attested_at: when no process could hold an unwrapped key any more. Times are ISO 8601 as the participant said.
    """

    participant: str
    epoch: int
    destroyed_at: str
    attested_at: str

    def document(self) -> Json:
        said: Json = {"participant": self.participant, "epoch": self.epoch}
        return {"what": EPOCH_ENDED, **said, "destroyed_at": self.destroyed_at, "attested_at": self.attested_at}


@dataclass(frozen=True, slots=True)
class RecordsErased:
    """A participant erased records that it had kept; `lines` are like those of its receipt. erased_at: ISO 8601."""

    participant: str
    lines: tuple[ReceiptLine, ...]
    erased_at: str

    def document(self) -> Json:
        lines: list[Json] = msgspec.to_builtins(self.lines)
        return {"what": RECORDS_ERASED, "participant": self.participant, "erased_at": self.erased_at, "lines": lines}


Addition = KeyEpochEnded | RecordsErased


@dataclass(frozen=True, slots=True)
class Amended:
    """A certificate that an amendment is for: number and sha256 of its file, the place of the amendment among its own
    (from 1), and the sha256 of the one before it, of the certificate itself for the first."""

    number: int
    sha256: str
    place: int
    follows: str


def amendment(addition: Addition, certificates: Sequence[Amended], issue: Issue) -> Json:
    """The amendment as a document without floats (canonical.py)."""
    return {
        "kind": KIND,
        "format": FORMAT,
        "number": issue.number,
        "previous_sha256": issue.previous_sha256,
        "issued_at": stamp(issue.issued_at),
        "issuer": issue.issuer,
        "key": issue.key,
        "adds": addition.document(),
        "certificates": [
            {"number": c.number, "sha256": c.sha256, "place": c.place, "follows": c.follows} for c in certificates
        ],
    }


def bundle(files: Sequence[bytes]) -> bytes:
    """Signed amendments as one file; canonical as each of them is."""
    return b'{"amendments":[' + b",".join(files) + b"]}"


def unbundled(raw: bytes) -> list[bytes]:
    """The amendments' files in a bundle, or the one amendment that this file is. Raises NotCanonical."""
    document = parse_canonical(raw)
    files = document.get("amendments")
    if set(document) != {"amendments"} or not isinstance(files, list):
        return [raw]
    if not all(isinstance(file, dict) for file in files):
        raise NotCanonical("this is no list of amendments")
    return [canonical(file) for file in files]
