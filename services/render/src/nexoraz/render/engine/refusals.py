"""Why a photo is not rendered. Each refusal carries the facts a caller needs to explain it.

They cross process boundaries: a refusal survives pickling with its facts.
"""

from dataclasses import dataclass, fields


@dataclass(eq=False)
class Refusal(Exception):
    """What all refusals are; catching it catches everything that is the photo's fault, and nothing else."""

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __str__(self) -> str:
        facts = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return f"{type(self).__name__}({facts})"


@dataclass(eq=False)
class UnsupportedType(Refusal):
    """The content is not JPEG, PNG, WebP or AVIF, whatever its name; `found` is a media type or "unknown"."""

    found: str


@dataclass(eq=False)
class PhotoTooHeavy(Refusal):
    """The file has more bytes than are ever read."""

    limit: int


@dataclass(eq=False)
class PictureTooLarge(Refusal):
    """The header declares more pixels than are decoded; both figures in megapixels."""

    megapixels: float
    limit: float


@dataclass(eq=False)
class PictureTooSmall(Refusal):
    """There are too few pixels for a cut-out."""

    width: int
    height: int
    limit: int


@dataclass(eq=False)
class PictureBomb(Refusal):
    """The file would unpack to out of all proportion: bytes when unpacked, bytes as sent."""

    unpacked: int
    packed: int


@dataclass(eq=False)
class PictureAnimated(Refusal):
    """The file holds a moving picture, and which frame is meant is not for us to guess."""

    frames: int


@dataclass(eq=False)
class PictureTruncated(Refusal):
    """The file ends before its pixels do."""

    media_type: str


@dataclass(eq=False)
class PictureDamaged(Refusal):
    """The file contradicts its own format; `detail` is the decoder's first line, without any pixel data."""

    media_type: str
    detail: str


@dataclass(eq=False)
class NothingToCutOut(Refusal):
    """No product stands out from its background; `coverage` is the share of the photo that seemed to be one."""

    coverage: float
