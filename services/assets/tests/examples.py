"""Named valid messages and pictures that the tests of assets speak in."""

import struct
import zlib
from datetime import UTC, datetime

from nexoraz.assets.domain.events import (
    PhotoDeleted,
    PhotoDiscarded,
    PhotoFileErased,
    PhotoRestored,
    PhotoTagged,
    PhotoTitled,
    PhotoUploaded,
)
from nexoraz.assets.domain.photo import (
    DeletePhoto,
    DiscardPhoto,
    ReceiptErasure,
    RestorePhoto,
    TagPhoto,
    TitlePhoto,
    UploadPhoto,
)
from nexoraz.assets.domain.picture import JPEG, Picture

ANN = "6f0d0a0c-0000-4000-8000-00000000a001"
BOB = "6f0d0a0c-0000-4000-8000-00000000a002"
PHOTO_ID = "6f0d0a0c-0000-4000-8000-00000000d001"
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

picture = Picture(JPEG, 4032, 3024, 3_211_264)
upload = UploadPhoto(ANN, PHOTO_ID, "Blue cup", picture, NOON)
retitle = TitlePhoto(PHOTO_ID, "Green cup")
tag = TagPhoto(PHOTO_ID, ["kitchen", " Blue "])
discard = DiscardPhoto(PHOTO_ID, NOON)
restore = RestorePhoto(PHOTO_ID, NOON)
delete = DeletePhoto(PHOTO_ID, NOON)
receipt = ReceiptErasure(PHOTO_ID, 1, NOON)

uploaded = PhotoUploaded(ANN, PHOTO_ID, "Blue cup", JPEG, 4032, 3024, 3_211_264, NOON)
retitled = PhotoTitled(ANN, PHOTO_ID, "Green cup")
tagged = PhotoTagged(ANN, PHOTO_ID, ["kitchen", "Blue"])
discarded = PhotoDiscarded(ANN, PHOTO_ID, NOON)
restored = PhotoRestored(ANN, PHOTO_ID, NOON)
deleted = PhotoDeleted(ANN, PHOTO_ID, NOON)
erased = PhotoFileErased(ANN, PHOTO_ID, 1, NOON)


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 20, height: int = 16, *, filling: bytes | None = None, extra: bytes = b"") -> bytes:
    """A PNG of grey noise-free pixels, whole in its structure. filling: what stands in for the packed pixels."""
    rows = filling if filling is not None else zlib.compress(b"\0" * (width + 1) * height)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", rows) + chunk(b"IEND")


def jpeg(
    width: int = 20, height: int = 16, *, scan: bytes = b"\x12\xff\x00\x34\xff\xd0\x56", exif: bytes = b""
) -> bytes:
    """A JPEG, whole in its structure."""
    application = b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif if exif else b""
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"\1\x11\0\2\x11\0\3\x11\0"
    start = b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame
    scans = b"\xff\xda" + struct.pack(">H", 12) + b"\3\1\0\2\x11\3\x11\0\x3f\0" + scan
    return b"\xff\xd8" + application + start + scans + b"\xff\xd9"


def webp(width: int = 20, height: int = 16, *, extra: bytes = b"") -> bytes:
    """A lossy WebP, whole in its structure."""
    frame = b"\x10\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0" * 10
    body = b"WEBP" + b"VP8 " + struct.pack("<I", len(frame)) + frame + extra
    return b"RIFF" + struct.pack("<I", len(body)) + body


def box(kind: bytes, body: bytes) -> bytes:
    """An ISO base media box."""
    return struct.pack(">I4s", len(body) + 8, kind) + body


def avif(width: int = 20, height: int = 16, *, turns: int = 0) -> bytes:
    """An AVIF, whole in its structure."""
    extent = box(b"ispe", struct.pack(">4xII", width, height))
    properties = box(b"iprp", box(b"ipco", extent + (box(b"irot", bytes([turns])) if turns else b"")))
    kind = box(b"ftyp", b"avif\0\0\0\0avifmif1")
    return kind + box(b"meta", b"\0\0\0\0" + properties) + box(b"mdat", b"\x12" * 40)


WHOLE = {"image/jpeg": jpeg(), "image/png": png(), "image/webp": webp(), "image/avif": avif()}
"""One whole picture of each kept type, 20 by 16 pixels."""
