"""Whether a file is whole: each format's own lengths and end marks, followed while it streams by, in constant memory.

A picture must also be alone: what follows its end is refused, because a file that is a picture and something else at
once is a way to smuggle. Further pictures after a JPEG (a phone's gain map or preview) are the exception.
"""

import re
import struct
from abc import ABC, abstractmethod
from typing import Protocol

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

MARKER_IN_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""Entropy-coded data holds no marker but restarts (D0 to D7); FF 00 is a byte, FF FF is filling."""
END_OF_IMAGE = b"\xff\xd9"
HEAD = 8
"""Bytes of a part's head in the three formats that are made of parts."""


class Ending(Protocol):
    """Follows one file."""

    def feed(self, chunk: bytes) -> None:
        """The next bytes. Raises PictureAnimated, PictureDamaged or ContentAfterPicture as soon as one is certain."""

    def finish(self) -> None:
        """There are no more. Raises PictureTruncated or ContentAfterPicture."""


class _Parts(ABC):
    """A file of parts, each with its length in a head of eight bytes. Subclasses say what a part's head means."""

    media_type = ""

    def __init__(self, preamble: int) -> None:
        self._skip = preamble
        self._pending = bytearray()
        self._ended = False

    def feed(self, chunk: bytes) -> None:
        at = 0
        while at < len(chunk):
            if self._skip:
                step = min(self._skip, len(chunk) - at)
                self._skip -= step
                at += step
                continue
            if self._ended:
                raise ContentAfterPicture(self.media_type)
            wanted = HEAD - len(self._pending)
            self._pending += chunk[at : at + wanted]
            at += min(wanted, len(chunk) - at)
            if len(self._pending) == HEAD:
                self._skip = self._part(bytes(self._pending))
                self._pending.clear()

    def finish(self) -> None:
        if self._skip or self._pending or not self._ended:
            raise PictureTruncated(self.media_type)

    @abstractmethod
    def _part(self, head: bytes) -> int:
        """How many bytes of the part follow its head."""


class PngEnding(_Parts):
    """Chunks until IEND (W3C PNG, 5.3). An animation says so in acTL (11.3.6.1)."""

    media_type = PNG

    def __init__(self) -> None:
        super().__init__(preamble=8)

    def _part(self, head: bytes) -> int:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"acTL":
            raise PictureAnimated(PNG)
        if not kind.isalpha() or length > 0x7FFF_FFFF:
            raise PictureDamaged(PNG, "no-chunk")
        self._ended = kind == b"IEND"
        return int(length) + 4


class WebpEnding(_Parts):
    """Chunks that fill the length in the RIFF head exactly (RFC 9649, 2.3). An animation has ANIM."""

    media_type = WEBP

    def __init__(self) -> None:
        super().__init__(preamble=0)
        self._left = -1

    def _part(self, head: bytes) -> int:
        kind, length = struct.unpack("<4sI", head)
        if self._left < 0:
            self._left = length - 4
            return 4
        if kind in (b"ANIM", b"ANMF"):
            raise PictureAnimated(WEBP)
        whole = length + (length & 1)
        self._left -= 8 + whole
        if self._left < 0:
            raise PictureDamaged(WEBP, "chunk-beyond-file")
        self._ended = self._left == 0
        return int(whole)


class AvifEnding(_Parts):
    """Boxes up to the end of the file, the pixels' (mdat) and their description's (meta) among them."""

    media_type = AVIF

    def __init__(self) -> None:
        super().__init__(preamble=0)
        self._seen: set[bytes] = set()
        self._open = False
        self._large = False

    def feed(self, chunk: bytes) -> None:
        if not self._open:
            super().feed(chunk)

    def _part(self, head: bytes) -> int:
        if self._large:
            self._large = False
            return self._length(int.from_bytes(head, "big"), 16)
        size, kind = struct.unpack(">I4s", head)
        if not kind.isalnum():
            raise PictureDamaged(AVIF, "no-box")
        self._seen.add(kind if kind in (b"meta", b"mdat", b"moov") else b"")
        if b"moov" in self._seen:
            raise PictureAnimated(AVIF)
        if size == 0:
            self._open = True
            return 0
        if size == 1:
            self._large = True
            return 0
        return self._length(size, 8)

    def _length(self, size: int, head: int) -> int:
        if size < head:
            raise PictureDamaged(AVIF, "no-box")
        return size - head

    def finish(self) -> None:
        if self._skip or self._pending or self._large or not {b"meta", b"mdat"} <= self._seen:
            raise PictureTruncated(AVIF)


class JpegEnding:
    """Markers with lengths, scans until the next marker, up to the end-of-image marker (ITU-T T.81, B.1.1)."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skip = 2
        self._in_scan = False
        self._ended = False
        self._tail = END_OF_IMAGE

    def feed(self, chunk: bytes) -> None:
        if self._ended:
            self._follow(chunk)
            return
        self._rest += chunk
        while self._step():
            pass

    def finish(self) -> None:
        if not self._ended:
            raise PictureTruncated(JPEG)
        if self._tail != END_OF_IMAGE:
            raise ContentAfterPicture(JPEG)

    def _step(self) -> bool:
        """Take what can be understood; False when more bytes are needed, or no more are understood."""
        if self._skip:
            step = min(self._skip, len(self._rest))
            del self._rest[:step]
            self._skip -= step
            return step > 0
        if self._in_scan:
            return self._scan()
        return self._marker()

    def _scan(self) -> bool:
        found = MARKER_IN_SCAN.search(self._rest)
        if found is None:
            del self._rest[: -1 if self._rest.endswith(b"\xff") else len(self._rest)]
            return False
        del self._rest[: found.start()]
        self._in_scan = False
        return True

    def _marker(self) -> bool:
        if len(self._rest) < 2:
            return False
        if self._rest[0] != 0xFF:
            raise PictureDamaged(JPEG, "no-marker")
        marker = self._rest[1]
        if marker == 0xFF:
            del self._rest[0]
            return True
        if marker == 0xD9:
            self._ended = True
            self._follow(bytes(self._rest[2:]))
            self._rest.clear()
            return False
        return self._segment(marker)

    def _segment(self, marker: int) -> bool:
        if len(self._rest) < 4:
            return False
        length = int.from_bytes(self._rest[2:4], "big")
        if length < 2:
            raise PictureDamaged(JPEG, "no-length")
        self._skip = 2 + length
        self._in_scan = marker == 0xDA
        return True

    def _follow(self, chunk: bytes) -> None:
        """After the end: filling, or further pictures that must end as one does."""
        content = chunk.rstrip(b"\0")
        if content:
            self._tail = (self._tail + content)[-2:]


def ending_of(media_type: str) -> Ending:
    """The rules of a kept type."""
    endings: dict[str, type[Ending]] = {JPEG: JpegEnding, PNG: PngEnding, WEBP: WebpEnding, AVIF: AvifEnding}
    return endings[media_type]()
