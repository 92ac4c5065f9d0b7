"""What a file must be to be kept as a photo, and why one is refused. Sides in pixels, sizes in bytes."""

from dataclasses import dataclass

from nexoraz.events.decider import Refused

JPEG, PNG, WEBP, AVIF = "image/jpeg", "image/png", "image/webp", "image/avif"
BOMB_RATIO = {JPEG: 400, PNG: 400, WEBP: 2000, AVIF: 2000}
"""Unpacked bytes per packed byte that no photograph reaches: they have 3 to 60 as JPEG and 2 to 10 as PNG, and up to
five times that in the newer two."""
BOMB_FLOOR = 8 << 20
"""Unpacked bytes below which the ratio does not matter."""


@dataclass
class UnsupportedType(Refused):
    """The content is none of the types that are kept, whatever it is called. found: a media type, or "unknown"."""

    found: str


@dataclass
class PhotoEmpty(Refused):
    """Nothing was sent."""


@dataclass
class PhotoTooHeavy(Refused):
    """The file has more bytes than are kept."""

    limit: int


@dataclass
class PictureTooLarge(Refused):
    """The header declares more pixels than are kept; both in megapixels."""

    megapixels: float
    limit: int


@dataclass
class PictureTooSmall(Refused):
    """A side is shorter than the least that is of any use."""

    width: int
    height: int
    limit: int


@dataclass
class PictureBomb(Refused):
    """The file would unpack to out of all proportion."""

    unpacked: int
    packed: int


@dataclass
class PictureAnimated(Refused):
    """The file holds a moving picture."""

    media_type: str


@dataclass
class PictureTruncated(Refused):
    """The file ends before its picture does."""

    media_type: str


@dataclass
class PictureDamaged(Refused):
    """The file contradicts its own format. reason: which rule of the format, in kebab case."""

    media_type: str
    reason: str


@dataclass
class ContentAfterPicture(Refused):
    """Something that is no part of the picture follows it in the file."""

    media_type: str


@dataclass(frozen=True, slots=True)
class Limits:
    """bytes: of the file. megapixels: of the picture. side: the least width and height."""

    bytes: int = 80_000_000
    megapixels: int = 64
    side: int = 16


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes declare. width, height: upright. depth: unpacked bytes per pixel."""

    media_type: str
    width: int
    height: int
    depth: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture. size: of its file."""

    media_type: str
    width: int
    height: int
    size: int


def judge_header(header: Header, limits: Limits) -> None:
    """Raises PictureTooLarge or PictureTooSmall."""
    pixels = header.width * header.height
    if pixels > limits.megapixels * 1_000_000:
        raise PictureTooLarge(round(pixels / 1e6, 1), limits.megapixels)
    if min(header.width, header.height) < limits.side:
        raise PictureTooSmall(header.width, header.height, limits.side)


def judge_size(header: Header, size: int) -> Picture:
    """The picture, once its whole file was seen. Raises PictureBomb."""
    unpacked = header.width * header.height * header.depth
    if unpacked > BOMB_FLOOR and unpacked > size * BOMB_RATIO[header.media_type]:
        raise PictureBomb(unpacked, size)
    return Picture(header.media_type, header.width, header.height, size)
