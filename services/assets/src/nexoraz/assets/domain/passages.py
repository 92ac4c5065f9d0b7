"""A file on its way in, followed in constant memory by its format's own lengths and end marks: is it whole, and what of
it is kept? Pixels and colours are, what a camera or a program notes beside them is not (clause C3).

A picture must also be alone: what follows its end is refused, because a file that is a picture and something else at
once is a way to smuggle. Further pictures after a JPEG (a phone's gain map or preview) are the exception; they
are left out.
"""

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from nexoraz.assets.domain.avif import Extent, notes_in
from nexoraz.assets.domain.jpeg import JpegPassage
from nexoraz.assets.domain.picture import (
    AVIF,
    JPEG,
    PNG,
    WEBP,
    ContentAfterPicture,
    PictureAnimated,
    PictureDamaged,
    PictureTruncated,
)

HEAD = 8
"""Bytes of a part's head in the three formats that are made of parts."""
PNG_COLOURS = frozenset(
    {
        b"tRNS",
        b"cHRM",
        b"gAMA",
        b"iCCP",
        b"sBIT",
        b"sRGB",
        b"cICP",
        b"mDCV",
        b"cLLI",
        b"bKGD",
        b"hIST",
        b"pHYs",
        b"sPLT",
    }
)
"""The chunks without which a PNG would look different, beside the critical ones (W3C PNG, 11.3)."""
WEBP_PICTURE = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
WEBP_NOTES = 0x08 | 0x04
"""The flags of VP8X that announce Exif and XMP (RFC 9649, 2.7)."""
TO_THE_END = 1 << 62
AVIF_BOXES = frozenset({b"ftyp", b"meta", b"mdat", b"free", b"skip"})


class Passage(Protocol):
    """Follows one file."""

    def feed(self, chunk: bytes) -> bytes:
        """What is kept of the next bytes, perhaps some of them later. Raises PictureAnimated, PictureDamaged or
        ContentAfterPicture as soon as one is certain."""

    def finish(self) -> None:
        """There are no more. Raises PictureTruncated or ContentAfterPicture."""


class _Parts(ABC):
    """A file of parts, each with its length in a head of eight bytes. Subclasses say what a part's head means."""

    media_type = ""

    def __init__(self, preamble: int) -> None:
        self._skip = preamble
        self._pending = bytearray()
        self._ended = False

    def feed(self, chunk: bytes) -> bytes:
        at, kept = 0, bytearray()
        while at < len(chunk):
            if self._skip:
                step = min(self._skip, len(chunk) - at)
                kept += self._body(chunk[at : at + step])
                self._skip -= step
                at += step
                continue
            if self._ended:
                raise ContentAfterPicture(self.media_type)
            wanted = HEAD - len(self._pending)
            self._pending += chunk[at : at + wanted]
            at += min(wanted, len(chunk) - at)
            if len(self._pending) == HEAD:
                head = bytes(self._pending)
                self._skip = self._part(head)
                kept += self._head(head)
                self._pending.clear()
        return bytes(kept)

    def finish(self) -> None:
        if self._skip or self._pending or not self._ended:
            raise PictureTruncated(self.media_type)

    @abstractmethod
    def _part(self, head: bytes) -> int:
        """How many bytes of the part follow its head."""

    @abstractmethod
    def _head(self, head: bytes) -> bytes:
        """What is kept of the head of the part that begins."""

    @abstractmethod
    def _body(self, body: bytes) -> bytes:
        """What is kept of the next bytes of the part, or of the preamble."""


class PngPassage(_Parts):
    """Chunks until IEND (W3C PNG, 5.3). An animation says so in acTL (11.3.6.1)."""

    media_type = PNG

    def __init__(self) -> None:
        super().__init__(preamble=8)
        self._keeps = True

    def _part(self, head: bytes) -> int:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"acTL":
            raise PictureAnimated(PNG)
        if not kind.isalpha() or length > 0x7FFF_FFFF:
            raise PictureDamaged(PNG, "no-chunk")
        self._ended = kind == b"IEND"
        self._keeps = kind[:1].isupper() or kind in PNG_COLOURS
        return int(length) + 4

    def _head(self, head: bytes) -> bytes:
        return head if self._keeps else b""

    def _body(self, body: bytes) -> bytes:
        return body if self._keeps else b""


class WebpPassage(_Parts):
    """Chunks that fill the length in the RIFF head exactly (RFC 9649, 2.3). An animation has ANIM.

    That length comes first, so what is not kept is overwritten by a chunk of zeros that readers pass over.
    """

    media_type = WEBP

    def __init__(self) -> None:
        super().__init__(preamble=0)
        self._left = -1
        self._kind = b"RIFF"
        self._begins = False

    def _part(self, head: bytes) -> int:
        kind, length = struct.unpack("<4sI", head)
        if self._left < 0:
            self._left = length - 4
            return 4
        self._kind, self._begins = kind, True
        if kind in (b"ANIM", b"ANMF"):
            raise PictureAnimated(WEBP)
        whole = length + (length & 1)
        self._left -= 8 + whole
        if self._left < 0:
            raise PictureDamaged(WEBP, "chunk-beyond-file")
        self._ended = self._left == 0
        return int(whole)

    def _head(self, head: bytes) -> bytes:
        return head if self._is_picture else b"JUNK" + head[4:]

    def _body(self, body: bytes) -> bytes:
        if not self._is_picture:
            return bytes(len(body))
        if self._kind == b"VP8X" and self._begins:
            self._begins = False
            return bytes([body[0] & ~WEBP_NOTES]) + body[1:]
        return body

    @property
    def _is_picture(self) -> bool:
        return self._kind in WEBP_PICTURE or self._kind == b"RIFF"


class AvifPassage(_Parts):
    """Boxes up to the end of the file, the pixels' (mdat) and their description's (meta) among them.

    notes: the places in the file that are overwritten by zeros, as whole boxes of other kinds are.
    """

    media_type = AVIF

    def __init__(self, notes: Sequence[Extent]) -> None:
        super().__init__(preamble=0)
        self._notes = notes
        self._passed = 0
        self._seen: set[bytes] = set()
        self._kind = b""
        self._open = False
        self._large = False

    def feed(self, chunk: bytes) -> bytes:
        """The kept bytes lag behind by less than a box's head; their places are those in the file."""
        kept = bytearray(super().feed(chunk))
        for first, end in self._notes:
            start, stop = max(first - self._passed, 0), min(end - self._passed, len(kept))
            if start < stop:
                kept[start:stop] = bytes(stop - start)
        self._passed += len(kept)
        return bytes(kept)

    def _part(self, head: bytes) -> int:
        if self._large:
            self._large = False
            return self._length(int.from_bytes(head, "big"), 16)
        size, kind = struct.unpack(">I4s", head)
        if not kind.isalnum():
            raise PictureDamaged(AVIF, "no-box")
        self._kind = kind
        self._seen.add(kind if kind in (b"meta", b"mdat", b"moov") else b"")
        if b"moov" in self._seen:
            raise PictureAnimated(AVIF)
        if size == 0:
            self._open = True
            return TO_THE_END
        if size == 1:
            self._large = True
            return 0
        return self._length(size, 8)

    def _head(self, head: bytes) -> bytes:
        if self._kind in AVIF_BOXES or head[4:] != self._kind:
            return head
        return head[:4] + b"free"

    def _body(self, body: bytes) -> bytes:
        return body if self._kind in AVIF_BOXES else bytes(len(body))

    def _length(self, size: int, head: int) -> int:
        if size < head:
            raise PictureDamaged(AVIF, "no-box")
        return size - head

    def finish(self) -> None:
        if (self._skip and not self._open) or self._pending or self._large or not {b"meta", b"mdat"} <= self._seen:
            raise PictureTruncated(AVIF)


def passage_of(media_type: str, head: bytes) -> Passage:
    """The rules of a kept type for the file that begins with `head`."""
    if media_type == AVIF:
        return AvifPassage(notes_in(head))
    passages: dict[str, type[JpegPassage | PngPassage | WebpPassage]] = {
        JPEG: JpegPassage,
        PNG: PngPassage,
        WEBP: WebpPassage,
    }
    return passages[media_type]()
