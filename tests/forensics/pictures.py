"""Photos that carry canaries in their metadata, and pixels that are canaries themselves."""

import secrets
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np

from tests.forensics.canaries import SLICE, Canaries, Needle
from tests.journey.demo import sample

SIDE = 256
DISC = 110


def jpeg(canaries: Canaries) -> bytes:
    """A photograph with texts in its EXIF and comment, and a chunk of random bytes among its metadata."""
    picture = cv2.imread(str(sample()))
    assert picture is not None
    done, encoded = cv2.imencode(".jpg", picture)
    assert done
    noise = secrets.token_bytes(32_000)
    canaries.content("random bytes in a JPEG", noise)
    comment = canaries.text("comment of a JPEG").encode()
    segments = [(0xE1, exif(canaries.text("EXIF of a JPEG"))), (0xFE, comment), (0xED, noise)]
    marked = b"".join(struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data for kind, data in segments)
    data = encoded.tobytes()
    canaries.content("picture data of a JPEG", data)
    return data[:2] + marked + data[2:]


def exif(description: str) -> bytes:
    """An EXIF block with ImageDescription only."""
    text = description.encode() + b"\0"
    entry = struct.pack(">HHLL", 0x010E, 2, len(text), 26)
    return b"Exif\0\0MM\0*" + struct.pack(">LH", 8, 1) + entry + struct.pack(">L", 0) + text


def png(canaries: Canaries) -> bytes:
    """A disc of random pixels, stored and not compressed, so that the file's bytes are the pixels'. It brings its own
    transparency: no segmenter has to find a product in noise."""
    pixels = np.frombuffer(secrets.token_bytes(SIDE * SIDE * 3), dtype=np.uint8).reshape(SIDE, SIDE, 3)
    for row in (40, 128, 200):
        canaries.more += pixel_needles(pixels[row, 100:108])
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE // 2
    alpha = np.where(x**2 + y**2 < DISC**2, 255, 0).astype(np.uint8)[..., None]
    rows = b"".join(b"\0" + row.tobytes() for row in np.concatenate([pixels, alpha], axis=2))
    text = b"Comment\0" + canaries.text("text of a PNG").encode()
    header = struct.pack(">LLBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)
    parts = [(b"IHDR", header), (b"tEXt", text), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))


def pixel_needles(run: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Iterator[Needle]:
    """A few pixels in the orders in which programs keep them in memory."""
    opaque = np.full((len(run), 1), 255, dtype=np.uint8)
    orders = {
        "RGB": run,
        "BGR": run[:, ::-1],
        "RGBA": np.hstack([run, opaque]),
        "BGRA": np.hstack([run[:, ::-1], opaque]),
    }
    for how, ordered in orders.items():
        yield Needle("pixels of a PNG", how, ordered.tobytes()[:SLICE])
