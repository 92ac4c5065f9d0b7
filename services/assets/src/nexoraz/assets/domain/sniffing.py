"""What a file is, told by its first bytes and never by its name. The types that are not kept are named for refusals."""

import struct

from nexoraz.assets.domain.picture import AVIF, JPEG, PNG, WEBP

KEPT = frozenset({JPEG, PNG, WEBP, AVIF})
PREFIXES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL ", "image/jxl"),
    (b"\0\0\0\x0cjP  ", "image/jp2"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
)
BRANDS = {
    b"avif": AVIF,
    b"avis": "image/avif-sequence",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"hevc": "image/heic-sequence",
    b"mif1": "image/heif",
    b"msf1": "image/heif-sequence",
}


def media_type(head: bytes) -> str:
    """The media type of a file that begins with `head`, or "unknown"."""
    for prefix, kind in PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    return _text(head)


def _by_brands(head: bytes) -> str:
    """The major brand decides; a generic one gives way to a compatible brand that says AVIF (ISO/IEC 23000-22)."""
    major = BRANDS.get(head[8:12], "video/mp4")
    end = min(struct.unpack(">I", head[:4])[0], len(head))
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    return AVIF if major == "image/heif" and b"avif" in compatible else major


def _text(head: bytes) -> str:
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "image/svg+xml"
    if start.startswith((b"<!doctype html", b"<html")):
        return "text/html"
    return "unknown"
