"""Streams sealed in segments: AES-256-GCM per 64 KiB, so that ranges can be read and nothing can be cut or moved.

A key seals one stream only. The nonce is the segment's number, and the last segment is marked in the authenticated
data; so a reordered, repeated, dropped or appended segment, and a cut at a segment's edge, fail to open.
"""

from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from nexoraz.events.vault import Tampered

SEGMENT = 64 * 1024
TAG = 16
STORED_SEGMENT = SEGMENT + TAG
LAST, INNER = b"nexoraz.segment.1.last", b"nexoraz.segment.1.inner"


def stored_size(size: int) -> int:
    """Bytes that a stream of `size` plaintext bytes takes; an empty one is one empty segment."""
    return size + TAG * segments_of(size)


def plain_size(stored: int) -> int:
    """The reverse. Raises Tampered for a length that no sealed stream has."""
    count, rest = divmod(stored, STORED_SEGMENT)
    if rest == 0 and count:
        return count * SEGMENT
    if rest < TAG or (rest == TAG and count):
        raise Tampered("cut within a segment")
    return count * SEGMENT + rest - TAG


def segments_of(size: int) -> int:
    return max(1, -(-size // SEGMENT))


def seal_segments(key: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The sealed segments of a stream, one at a time."""
    aead = AESGCM(key)
    number = 0
    held: bytes | None = None
    for block in regroup(chunks, SEGMENT):
        if held is not None:
            yield aead.encrypt(_nonce(number), held, INNER)
            number += 1
        held = block
    yield aead.encrypt(_nonce(number), held or b"", LAST)


def open_segments(key: bytes, chunks: Iterable[bytes], first: int = 0, last: int | None = None) -> Iterator[bytes]:
    """The plaintext of consecutive segments that start at number `first`.

    last: the number of the stream's last segment; None when `chunks` runs to the end of the stream. Raises Tampered.
    """
    aead = AESGCM(key)
    number = first
    held: bytes | None = None
    for block in regroup(chunks, STORED_SEGMENT):
        if held is not None:
            yield _open(aead, number, held, number == last)
            number += 1
        held = block
    if held is None:
        raise Tampered("no segment where one must be")
    yield _open(aead, number, held, last is None or number == last)


def regroup(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in blocks of exactly `size`, the last one shorter; copies each byte a bounded number of times."""
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        if len(pending) >= size:
            whole = len(pending) - len(pending) % size
            with memoryview(pending) as view:
                blocks = [bytes(view[at : at + size]) for at in range(0, whole, size)]
            del pending[:whole]
            yield from blocks
    if pending:
        yield bytes(pending)


def _open(aead: AESGCM, number: int, block: bytes, last: bool) -> bytes:
    try:
        return aead.decrypt(_nonce(number), block, LAST if last else INNER)
    except InvalidTag:
        raise Tampered(f"segment {number} does not open in its place") from None


def _nonce(number: int) -> bytes:
    return number.to_bytes(12)
