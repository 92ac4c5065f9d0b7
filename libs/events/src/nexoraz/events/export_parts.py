"""Parts of an export: one participant's entries as a stream, cut into pieces, each sealed to the request's public key.

A part is RFC 9180 (HPKE: X25519, HKDF-SHA256, AES-256-GCM) around a fresh content key, then segments (segments.py)
under that key. The HPKE info names request, participant and part, so parts cannot change places. The stream inside ends
with a closing frame, so a missing last part is found too.
"""

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from nexoraz.events.segments import open_segments, seal_segments
from nexoraz.events.vault import Tampered

SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
MAGIC = b"NXP1"
SEALED_KEY = 80
"""Bytes of an encapsulated X25519 key, a content key and its tag."""
PIECE = 8 * 1024 * 1024 - 64 * 1024
"""Plaintext bytes of a part: a sealed one stays below 8 MiB, of which a participant holds two at a time."""
CHUNK = 256 * 1024
HEAD = 5


class Group(msgspec.Struct, frozen=True, tag="group"):
    """The entries that follow come from this holding."""

    name: str
    category: str
    purpose: str
    service: str


class Record(msgspec.Struct, frozen=True, tag="record"):
    """One row or event, in JSON types."""

    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class File:
    """One object. `chunks` can be read once, and only before the next entry is asked for."""

    name: str
    media_type: str
    chunks: Iterator[bytes]


class _FileHead(msgspec.Struct, frozen=True, tag="file"):
    name: str
    media_type: str


Entry = Group | Record | File


def new_export_key() -> tuple[bytes, str]:
    """A key pair for one request: (private, 32 bytes; public, base64)."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), base64.b64encode(private.public_key().public_bytes_raw()).decode()


def binding(request_id: str, participant: str, part: str) -> str:
    """What a part is bound to."""
    return f"nexoraz.export.1|{request_id}|{participant}|{part}"


def new_attempt() -> str:
    """What one writing of an export has in the names of its parts, and no other has: 8 random hexadecimal digits."""
    return os.urandom(4).hex()


def part_name(number: int, attempt: str) -> str:
    """Parts are numbered from 1. A worker that lost its lease may go on and upload after another one has announced
    what it wrote; since each seals anew, the bytes differ, so what the two write must not have one name."""
    return f"{number:04}-{attempt}"


def seal_part(public: str, chunks: Iterable[bytes], bound_to: str) -> Iterator[bytes]:
    """The sealed bytes of one part. `public` is base64; raises ValueError when it is no X25519 key."""
    key = os.urandom(32)
    recipient = X25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
    yield MAGIC + SUITE.encrypt(key, recipient, info=bound_to.encode())
    yield from seal_segments(key, chunks)


def open_part(private: bytes, chunks: Iterable[bytes], bound_to: str) -> Iterator[bytes]:
    """The plaintext of one part. Raises Tampered for anything cut, altered, reordered or out of its place."""
    stream = iter(chunks)
    start = b""
    while len(start) < len(MAGIC) + SEALED_KEY and (chunk := next(stream, b"")):
        start += chunk
    head, rest = start[: len(MAGIC) + SEALED_KEY], start[len(MAGIC) + SEALED_KEY :]
    if head[: len(MAGIC)] != MAGIC:
        raise Tampered("not a part of an export")
    try:
        key = SUITE.decrypt(head[len(MAGIC) :], X25519PrivateKey.from_private_bytes(private), info=bound_to.encode())
    except (InvalidTag, ValueError):
        raise Tampered(f"does not open in its place: {bound_to}") from None
    yield from open_segments(key, chain([rest], stream))


def pack(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Entries as a stream of frames with a closing one; files pass through in chunks."""
    for entry in entries:
        match entry:
            case File(name, media_type, chunks):
                yield _frame(b"j", msgspec.json.encode(_FileHead(name, media_type)))
                yield from (_frame(b"c", chunk) for chunk in chunks if chunk)
                yield _frame(b"e", b"")
            case Group() | Record():
                yield _frame(b"j", msgspec.json.encode(entry))
    yield _frame(b"z", b"")


def pieces(stream: Iterable[bytes], size: int = PIECE) -> Iterator[Iterator[bytes]]:
    """The stream cut into pieces of at most `size` bytes (or one frame, if that is larger).

    Nothing but one frame is held: a piece must be read to its end before the next is asked for.
    """
    source = iter(stream)
    ahead = [*islice(source, 1)]

    def piece() -> Iterator[bytes]:
        filled = 0
        while ahead and (not filled or filled + len(ahead[0]) <= size):
            chunk = ahead.pop()
            filled += len(chunk)
            ahead.extend(islice(source, 1))
            yield chunk

    while ahead:
        yield piece()


def unpack(stream: Iterable[bytes]) -> Iterator[Entry]:
    """The reverse of `pack`. What is left of a file is skipped when the next entry is asked for. Raises Tampered."""
    frames = _frames(stream)
    for kind, body in frames:
        if kind == b"z":
            return
        entry = _decode(kind, body)
        if isinstance(entry, _FileHead):
            chunks = _file_chunks(frames)
            yield File(entry.name, entry.media_type, chunks)
            for _ in chunks:
                pass
        else:
            yield entry
    raise Tampered("the export ends without its closing frame")


def open_parts(
    private: bytes, request_id: str, participant: str, parts: Iterable[tuple[str, Iterable[bytes]]]
) -> Iterator[Entry]:
    """All entries of a participant from its parts (name, sealed bytes) in the order in which it listed them.

    Raises Tampered, also when a part is missing, repeated, not in its place or of another attempt than the first.
    """

    def plain() -> Iterator[bytes]:
        attempt = ""
        for number, (name, chunks) in enumerate(parts, start=1):
            attempt = attempt or name.partition("-")[2]
            if name != part_name(number, attempt):
                raise Tampered(f"part {name} stands where {part_name(number, attempt)} must be")
            yield from open_part(private, chunks, binding(request_id, participant, name))

    return unpack(plain())


def _frame(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4) + body


def _frames(stream: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    pending = bytearray()
    for chunk in stream:
        pending += chunk
        at = 0
        while len(pending) - at >= HEAD:
            end = at + HEAD + int.from_bytes(pending[at + 1 : at + HEAD])
            if len(pending) < end:
                break
            yield bytes(pending[at : at + 1]), bytes(pending[at + HEAD : end])
            at = end
        del pending[:at]
    if pending:
        raise Tampered("the export is cut within a frame")


def _file_chunks(frames: Iterator[tuple[bytes, bytes]]) -> Iterator[bytes]:
    for kind, body in frames:
        if kind == b"e":
            return
        yield body
    raise Tampered("the export is cut within a file")


def _decode(kind: bytes, body: bytes) -> Group | Record | _FileHead:
    if kind != b"j":
        raise Tampered("the export holds an unknown frame")
    return msgspec.json.decode(body, type=Group | Record | _FileHead)
