"""Where an AVIF keeps what is no picture (ISO/IEC 14496-12, 8.11.3 and 8.11.6; ISO/IEC 23008-12, Annex A).

Items are found by their place in the file, so nothing may move: what is not kept is overwritten by zeros.
"""

import struct
from collections.abc import Iterator

from nexoraz.assets.domain.headers import HEAD_BYTES, spans
from nexoraz.assets.domain.picture import AVIF, PictureDamaged

PICTURES = frozenset({b"av01", b"grid", b"iovl", b"iden", b"tmap"})
"""Kinds of items that are pixels, or say how they fit together."""
IN_FILE, IN_META = 0, 1
Extent = tuple[int, int]
"""From the first byte up to, not including, the last; counted from the beginning of the file."""


def notes_in(head: bytes) -> list[Extent]:
    """The places of all items that are no pictures: Exif, XMP and whatever else. Raises PictureDamaged."""
    try:
        meta = next(((start + 4, end) for kind, start, end in spans(head) if kind == b"meta"), None)
        if meta is None or meta[1] >= HEAD_BYTES:
            raise PictureDamaged(AVIF, "no-header")
        inner = {kind: (start, end) for kind, start, end in spans(head, *meta)}
        if b"iinf" not in inner or b"iloc" not in inner:
            return []
        notes = {item for item, kind in _kinds(head, *inner[b"iinf"]) if kind not in PICTURES}
        idat = inner.get(b"idat", (0, 0))[0]
        found = [extent for item, extent in _places(head, *inner[b"iloc"], idat) if item in notes]
    except (struct.error, IndexError) as error:
        raise PictureDamaged(AVIF, "no-items") from error
    if None in found:
        raise PictureDamaged(AVIF, "item-out-of-reach")
    return [extent for extent in found if extent is not None]


def _kinds(head: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Each item and its kind; old entries have none."""
    entries = start + (6 if head[start] == 0 else 8)
    for kind, at, _ in spans(head, entries, end):
        if kind != b"infe":
            continue
        version = head[at]
        if version < 2:
            yield struct.unpack_from(">H", head, at + 4)[0], b""
        elif version == 2:
            item, name = struct.unpack_from(">H2x4s", head, at + 4)
            yield item, name
        else:
            item, name = struct.unpack_from(">I2x4s", head, at + 4)
            yield item, name


class _Numbers:
    """Reads big-endian numbers of any width one after the other."""

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data, self._at, self._end = data, at, end

    def next(self, width: int) -> int:
        if self._at + width > self._end:
            raise IndexError(self._at)
        value = int.from_bytes(self._data[self._at : self._at + width], "big")
        self._at += width
        return value


def _places(head: bytes, start: int, end: int, idat: int) -> Iterator[tuple[int, Extent | None]]:
    """Each item's extents; None for one whose place is not told by its numbers."""
    version = head[start]
    numbers = _Numbers(head, start + 4, end)
    widths = numbers.next(2)
    offset, length, base, index = (widths >> 12, widths >> 8 & 15, widths >> 4 & 15, widths & 15 if version else 0)
    wide = 4 if version == 2 else 2
    for _ in range(numbers.next(wide)):
        item = numbers.next(wide)
        method = numbers.next(2) & 15 if version else IN_FILE
        numbers.next(2)
        origin = numbers.next(base) + (idat if method == IN_META else 0)
        for _ in range(numbers.next(2)):
            numbers.next(index)
            first = origin + numbers.next(offset)
            size = numbers.next(length)
            reached = size > 0 and method in (IN_FILE, IN_META)
            yield item, (first, first + size) if reached else None
