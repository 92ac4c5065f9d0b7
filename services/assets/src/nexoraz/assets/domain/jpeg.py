"""A JPEG on its way in: whole, alone, and without what a camera tells of the person who used it."""

import re
import struct

from nexoraz.assets.domain.headers import orientation_of
from nexoraz.assets.domain.picture import JPEG, ContentAfterPicture, PictureDamaged, PictureTruncated

MARKER_IN_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""Entropy-coded data holds no marker but restarts (D0 to D7); FF 00 is a byte, FF FF is filling."""
END_OF_IMAGE = b"\xff\xd9"
SCAN, COMMENT, FIRST_APPLICATION, LAST_APPLICATION = 0xDA, 0xFE, 0xE0, 0xEF
KEPT = {0xE0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Application segments that the colours need; all others are somebody's notes."""
JFIF_BYTES = 18
"""A JFIF segment without a thumbnail (T.871, 10.1)."""


class JpegPassage:
    """Markers with lengths, scans until the next marker, up to the end-of-image marker (ITU-T T.81, B.1.1).

    Of application segments the colour profile and the orientation are kept, of what follows the end nothing.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._kept = bytearray()
        self._skip = 2
        self._in_scan = False
        self._ended = False
        self._tail = END_OF_IMAGE

    def feed(self, chunk: bytes) -> bytes:
        if self._ended:
            self._follow(chunk)
            return b""
        self._rest += chunk
        while self._step():
            pass
        kept = bytes(self._kept)
        self._kept.clear()
        return kept

    def finish(self) -> None:
        if not self._ended:
            raise PictureTruncated(JPEG)
        if self._tail != END_OF_IMAGE:
            raise ContentAfterPicture(JPEG)

    def _step(self) -> bool:
        """Take what can be understood; False when more bytes are needed, or no more are understood."""
        if self._skip:
            step = min(self._skip, len(self._rest))
            self._keep(step)
            self._skip -= step
            return step > 0
        if self._in_scan:
            return self._scan()
        return self._marker()

    def _keep(self, count: int) -> None:
        self._kept += self._rest[:count]
        del self._rest[:count]

    def _scan(self) -> bool:
        found = MARKER_IN_SCAN.search(self._rest)
        if found is None:
            self._keep(len(self._rest) - self._rest.endswith(b"\xff"))
            return False
        self._keep(found.start())
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
            self._keep(2)
            self._follow(bytes(self._rest))
            self._rest.clear()
            return False
        return self._segment(marker)

    def _segment(self, marker: int) -> bool:
        if len(self._rest) < 4:
            return False
        length = int.from_bytes(self._rest[2:4], "big")
        if length < 2:
            raise PictureDamaged(JPEG, "no-length")
        if marker == COMMENT or FIRST_APPLICATION <= marker <= LAST_APPLICATION:
            return self._notes(marker, 2 + length)
        self._skip = 2 + length
        self._in_scan = marker == SCAN
        return True

    def _notes(self, marker: int, size: int) -> bool:
        """A segment of at most 64 KiB that is judged as a whole."""
        if len(self._rest) < size:
            return False
        self._kept += _without_notes(marker, bytes(self._rest[:size]))
        del self._rest[:size]
        return True

    def _follow(self, chunk: bytes) -> None:
        """After the end: filling, or further pictures that must end as one does."""
        content = chunk.rstrip(b"\0")
        if content:
            self._tail = (self._tail + content)[-2:]


def _without_notes(marker: int, segment: bytes) -> bytes:
    """What is kept of an application segment or a comment."""
    wanted = KEPT.get(marker)
    if wanted is not None and segment[4:].startswith(wanted):
        return _without_thumbnail(segment) if marker == 0xE0 else segment
    if marker == 0xE1 and segment[4:10] == b"Exif\0\0":
        orientation = orientation_of(segment[10:])
        return _exif(orientation) if orientation != 1 else b""
    return b""


def _without_thumbnail(jfif: bytes) -> bytes:
    if len(jfif) <= JFIF_BYTES:
        return jfif
    return jfif[:2] + struct.pack(">H", JFIF_BYTES - 2) + jfif[4:16] + b"\0\0"


def _exif(orientation: int) -> bytes:
    """A segment that says how to turn the picture, and nothing else (TIFF 6.0, one entry)."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation & 0xFFFF, 0)
    body = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
