"""The dimensions of a picture, read from its first bytes without a decoder: nothing native sees a stranger's bytes in
the web process. Sources: ITU-T T.81, W3C PNG (3rd edition), RFC 9649 (WebP), ISO/IEC 23008-12 (AVIF's container)."""

import struct
from collections.abc import Iterator

from nexoraz.assets.domain.picture import AVIF, JPEG, PNG, WEBP, Header, PictureDamaged

HEAD_BYTES = 1 << 20
"""The header must lie within these first bytes."""
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
"""Of PNG's colour types; a palette unpacks to three."""


def read_header(media_type: str, head: bytes) -> Header:
    """What a file of a kept type declares. Raises PictureDamaged."""
    try:
        found = READERS[media_type](head)
    except (struct.error, IndexError) as error:
        raise PictureDamaged(media_type, "no-header") from error
    if found.width < 1 or found.height < 1:
        raise PictureDamaged(media_type, "no-dimensions")
    return found


def _jpeg(head: bytes) -> Header:
    orientation, at = 1, 2
    while head[at] == 0xFF:
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", head, at + 2)
        if marker in START_OF_FRAME:
            precision, height, width, components = struct.unpack_from(">BHHB", head, at + 4)
            if orientation in (5, 6, 7, 8):
                width, height = height, width
            return Header(JPEG, width, height, components * (2 if precision > 8 else 1))
        if marker == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            orientation = orientation_of(head[at + 10 : at + 2 + length])
        at += 2 + length
    raise PictureDamaged(JPEG, "no-marker")


def orientation_of(exif: bytes) -> int:
    """Tag 0x0112 of the first directory (TIFF 6.0); 1 when it is absent or unreadable."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f"{order}4xI", exif)
        (count,) = struct.unpack_from(f"{order}H", exif, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, value = struct.unpack_from(f"{order}H6xH", exif, entry)
            if tag == 0x0112:
                return int(value)
    except struct.error:
        return 1
    return 1


def _png(head: bytes) -> Header:
    length, kind, width, height, bits, colour = struct.unpack_from(">I4sIIBB", head, 8)
    if length != 13 or kind != b"IHDR" or colour not in CHANNELS:
        raise PictureDamaged(PNG, "no-header")
    return Header(PNG, width, height, CHANNELS[colour] * (2 if bits == 16 else 1))


def _webp(head: bytes) -> Header:
    kind = head[12:16]
    if kind == b"VP8X":
        flags, width, height = head[20], _u24(head, 24) + 1, _u24(head, 27) + 1
        return Header(WEBP, width, height, 4 if flags & 0x10 else 3)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return Header(WEBP, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 4)
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return Header(WEBP, width & 0x3FFF, height & 0x3FFF, 3)
    raise PictureDamaged(WEBP, "no-header")


def _u24(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _avif(head: bytes) -> Header:
    """The largest extent among the item properties: the picture's own, or its grid's."""
    for kind, meta in boxes(head):
        if kind == b"meta":
            properties = _inside(_inside(meta[4:], b"iprp"), b"ipco")
            found = [struct.unpack_from(">4xII", body) for name, body in boxes(properties) if name == b"ispe"]
            turned = any(name == b"irot" and body[0] & 1 for name, body in boxes(properties))
            width, height = max(found, key=lambda side: side[0] * side[1], default=(0, 0))
            return Header(AVIF, *((height, width) if turned else (width, height)), 4)
    raise PictureDamaged(AVIF, "no-header")


def _inside(data: bytes, wanted: bytes) -> bytes:
    return next((body for kind, body in boxes(data) if kind == wanted), b"")


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and body of each box; the last body may be cut."""
    for kind, start, end in spans(data):
        yield kind, data[start:end]


def spans(data: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each box, and from where to where its body goes (ISO/IEC 14496-12, 4.2); the last may be cut."""
    limit = len(data) if end is None else min(end, len(data))
    while at + 8 <= limit:
        size, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        after = limit if size == 0 else at + size
        if after < at + header:
            return
        yield kind, at + header, min(after, limit)
        at = after


READERS = {JPEG: _jpeg, PNG: _png, WEBP: _webp, AVIF: _avif}
