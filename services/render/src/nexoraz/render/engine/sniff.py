"""What a file is, told by its first bytes and never by its name.

Only the four types that are decoded need telling apart; the others are named so that a refusal can say what was sent.
"""

import struct

JPEG, PNG, WEBP, AVIF = "image/jpeg", "image/png", "image/webp", "image/avif"
HEAD_BYTES = 64 << 10
"""How much of a file is enough to tell."""

PREFIXES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL ", "image/jxl"),
    (b"\0\0\0\x0cjP  ", "image/jp2"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"%!PS", "application/postscript"),
)
BRANDS = {b"avif": AVIF, b"avis": "image/avif-sequence", b"heic": "image/heic", b"heix": "image/heic"}
BRANDS |= {b"mif1": "image/heif", b"msf1": "image/heif-sequence", b"hevc": "image/heic-sequence"}


def media_type(head: bytes) -> str:
    """The media type of a file that begins with `head` (up to `HEAD_BYTES`), or "unknown"."""
    for prefix, kind in PREFIXES:
        if head.startswith(prefix):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _isobmff(head)
    return _text(head)


def _isobmff(head: bytes) -> str:
    """The major brand decides, unless it is generic and a compatible brand says AVIF (ISO/IEC 23000-22)."""
    major = BRANDS.get(head[8:12], "video/mp4")
    end = min(struct.unpack(">I", head[:4])[0], len(head))
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    return AVIF if major == "image/heif" and b"avif" in compatible else major


def _text(head: bytes) -> str:
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:4] == b"<svg" or (start[:5] == b"<?xml" and b"<svg" in start):
        return "image/svg+xml"
    if start[:9].lower() == b"<!doctype" or start[:5].lower() == b"<html":
        return "text/html"
    printable = bool(start) and all(byte >= 0x20 or byte in b"\t\r\n" for byte in start)
    return "text/plain" if printable else "unknown"


def png_frames(head: bytes) -> int:
    """How many frames a PNG declares: an APNG has an acTL chunk before its pixels (W3C PNG 3rd edition, 11.3.6.1)."""
    at = 8
    while at + 12 <= len(head):
        size, kind = struct.unpack(">I4s", head[at : at + 8])
        if kind == b"acTL":
            return int(struct.unpack(">I", head[at + 8 : at + 12])[0])
        if kind == b"IDAT":
            break
        at += 12 + int(size)
    return 1


def ends_early(kind: str, content: bytes) -> bool:
    """Whether a file of this media type lacks its end, by the lengths and end marks that its format prescribes."""
    tail = content[-4096:]
    if kind == JPEG:
        return b"\xff\xd9" not in tail
    if kind == PNG:
        return b"IEND" not in tail
    if kind == WEBP:
        return len(content) < 12 or struct.unpack("<I", content[4:8])[0] + 8 > len(content)
    return _boxes_end(content) > len(content)


def _boxes_end(content: bytes) -> int:
    """Where the last box that begins within the file ends (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at + 16 <= len(content):
        size, large = struct.unpack(">I4xQ", content[at : at + 16])
        length = int(large) if size == 1 else int(size)
        if length < 8:
            break
        at += length
    return at
