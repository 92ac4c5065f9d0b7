"""Types, dimensions and wholeness by content, on real files from real encoders and on hostile ones."""

import struct
from collections.abc import Callable, Iterator

import pytest
import pyvips

from nexoraz.assets.application.intake import Body, Intake
from nexoraz.assets.domain.picture import (
    AVIF,
    JPEG,
    PNG,
    WEBP,
    ContentAfterPicture,
    Limits,
    PhotoTooHeavy,
    Picture,
    PictureAnimated,
    PictureBomb,
    PictureDamaged,
    PictureTooLarge,
    PictureTooSmall,
    PictureTruncated,
    UnsupportedType,
)
from nexoraz.assets.domain.sniffing import media_type
from nexoraz.events.decider import Refused
from services.assets.tests.examples import WHOLE, avif, box, chunk, jpeg, png, webp

WIDTH, HEIGHT = 61, 43


def through(content: bytes, step: int = 65_536, limits: Limits | None = None) -> Picture:
    """The picture, once the content went through in steps."""
    return passed(content, step, limits)[0]


def passed(content: bytes, step: int = 65_536, limits: Limits | None = None) -> tuple[Picture, bytes]:
    """The picture, and the file that is kept of the content."""
    chunks = [content[at : at + step] for at in range(0, len(content), step)]
    intake = Intake(Body(chunks, len(content)), limits or Limits(), 60)
    kept = b"".join(intake)
    assert intake.picture.size == len(kept)
    return intake.picture, kept


def refusal_of(content: bytes, step: int = 65_536) -> Refused:
    with pytest.raises(Refused) as refused:
        through(content, step)
    return refused.value


def noise(bands: int = 3) -> pyvips.Image:
    one = pyvips.Image.gaussnoise(WIDTH, HEIGHT, mean=128, sigma=60).cast("uchar")
    return one.bandjoin([one] * (bands - 1)).copy(interpretation="srgb" if bands > 2 else "b-w")


def same_pixels(one: bytes, other: bytes) -> bool:
    first, second = (pyvips.Image.new_from_buffer(each, "") for each in (one, other))
    return bool(first.bands == second.bands and (first - second).abs().max() == 0)


REAL: dict[str, tuple[str, Callable[[], bytes]]] = {
    "baseline JPEG": (JPEG, lambda: noise().jpegsave_buffer(Q=90)),
    "progressive JPEG": (JPEG, lambda: noise().jpegsave_buffer(Q=60, interlace=True)),
    "JPEG with restarts": (JPEG, lambda: noise().jpegsave_buffer(restart_interval=2)),
    "grey JPEG": (JPEG, lambda: noise(1).jpegsave_buffer()),
    "PNG": (PNG, lambda: noise().pngsave_buffer()),
    "PNG with alpha, interlaced": (PNG, lambda: noise(4).pngsave_buffer(interlace=True)),
    "PNG of 16 bits": (PNG, lambda: (noise().cast("ushort") << 8).copy(interpretation="rgb16").pngsave_buffer()),
    "PNG with a palette": (PNG, lambda: noise().pngsave_buffer(palette=True)),
    "WebP": (WEBP, lambda: noise().webpsave_buffer(Q=80)),
    "lossless WebP": (WEBP, lambda: noise().webpsave_buffer(lossless=True)),
    "WebP with alpha": (WEBP, lambda: noise(4).webpsave_buffer(Q=70)),
    "AVIF": (AVIF, lambda: noise().heifsave_buffer(compression="av1", effort=0)),
    "AVIF with alpha": (AVIF, lambda: noise(4).heifsave_buffer(compression="av1", effort=0)),
}
FILES: dict[str, tuple[str, bytes]] = {}


def real(name: str) -> tuple[str, bytes]:
    if name not in FILES:
        kind, make = REAL[name]
        FILES[name] = kind, make()
    return FILES[name]


@pytest.mark.parametrize("step", [1, 7, 65_536])
@pytest.mark.parametrize("name", REAL)
def test_what_encoders_write_passes_in_any_pieces(name: str, step: int) -> None:
    kind, content = real(name)
    picture, kept = passed(content, step)
    assert picture == Picture(kind, WIDTH, HEIGHT, len(kept))
    assert same_pixels(kept, content)


@pytest.mark.parametrize("name", REAL)
def test_no_beginning_of_a_picture_passes_for_one(name: str) -> None:
    kind, content = real(name)
    for end in {1, 2, 11, 12, 30, len(content) // 2, len(content) - 40, len(content) - 2, len(content) - 1}:
        refusal = refusal_of(content[:end])
        assert isinstance(refusal, PictureTruncated | PictureDamaged | UnsupportedType), (end, refusal)
    assert refusal_of(content[: len(content) // 2]) == PictureTruncated(kind)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("addition", [b"PK\x03\x04" + b"\0" * 30, b"<script>alert(1)</script>", b"x"])
def test_a_picture_that_is_something_else_too_is_refused(name: str, addition: bytes) -> None:
    content = real(name)[1]
    assert isinstance(refusal_of(content + addition), ContentAfterPicture | PictureDamaged | PictureTruncated)
    assert not isinstance(refusal_of(content + addition, 1), UnsupportedType)


def test_a_phones_further_pictures_and_filling_may_follow_a_jpeg() -> None:
    _, content = real("baseline JPEG")
    alone = passed(content)[1]
    assert passed(content + content)[1] == alone
    assert passed(content + b"\0" * 100)[1] == alone
    assert refusal_of(content + content[:-2]) == ContentAfterPicture(JPEG)


def test_a_jpeg_within_the_metadata_does_not_count_as_the_end() -> None:
    thumbnail = jpeg(16, 16)
    assert through(jpeg(exif=thumbnail)).width == 20
    assert refusal_of(jpeg(exif=thumbnail)[:-2]) == PictureTruncated(JPEG)


@pytest.mark.parametrize(("orientation", "size"), [(1, (60, 20)), (3, (60, 20)), (6, (20, 60)), (8, (20, 60))])
@pytest.mark.parametrize("order", ["<", ">"])
def test_dimensions_are_those_of_the_upright_picture(orientation: int, size: tuple[int, int], order: str) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    exif = mark + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    found = through(jpeg(60, 20, exif=exif))
    assert (found.width, found.height) == size


def test_an_avif_turned_by_its_own_property_is_upright() -> None:
    assert (through(avif(60, 20, turns=1)).width, through(avif(60, 20, turns=2)).width) == (20, 60)


@pytest.mark.parametrize(
    "exif", [b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" + b"\0" * 9, b"x" * 50]
)
def test_nonsense_in_the_metadata_harms_nobody(exif: bytes) -> None:
    assert through(jpeg(exif=exif)).width == 20


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"GIF89a" + b"\0" * 40, "image/gif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
        (b"<!DOCTYPE html><script>", "text/html"),
        (b"%PDF-1.7 \xff\xd8\xff", "application/pdf"),
        (b"II*\0" + b"\0" * 40, "image/tiff"),
        (b"PK\x03\x04", "application/zip"),
        (box(b"ftyp", b"heic\0\0\0\0heicmif1"), "image/heic"),
        (box(b"ftyp", b"avis\0\0\0\0avifmif1"), "image/avif-sequence"),
        (b"\0" * 100, "unknown"),
        (b"\xff\xd8", "unknown"),
        (b"RIFF\0\0\0\0AVI LIST", "unknown"),
    ],
)
def test_other_types_are_refused_by_what_they_are(content: bytes, found: str) -> None:
    assert refusal_of(content) == UnsupportedType(found)
    assert media_type(content) == found


def test_a_generic_container_that_says_avif_is_one() -> None:
    assert media_type(box(b"ftyp", b"mif1\0\0\0\0mif1avif")) == AVIF


MAKERS: list[Callable[[int, int], bytes]] = [jpeg, png, webp, avif]


@pytest.mark.parametrize("make", MAKERS)
def test_a_header_of_too_many_or_too_few_pixels_is_refused(make: Callable[[int, int], bytes]) -> None:
    assert refusal_of(make(10_000, 10_000)) == PictureTooLarge(100.0, 64)
    assert refusal_of(make(15, 400)) == PictureTooSmall(15, 400, 16)


@pytest.mark.parametrize("make", MAKERS)
def test_no_dimensions_are_no_picture(make: Callable[[int, int], bytes]) -> None:
    content = make(0, 20)
    assert refusal_of(content) == PictureDamaged(media_type(content), "no-dimensions")


def test_the_body_is_left_unread_once_it_is_refused() -> None:
    def endless() -> Iterator[bytes]:
        yield jpeg(10_000, 10_000)
        yield b"\0" * (1 << 20)
        raise AssertionError("it was read on")

    with pytest.raises(PictureTooLarge):
        list(Intake(Body(endless()), Limits(), 60))


def test_a_file_that_unpacks_out_of_all_proportion_is_a_bomb() -> None:
    bomb = pyvips.Image.black(7900, 8000, bands=3).pngsave_buffer(compression=9)
    refusal = refusal_of(bomb)
    assert isinstance(refusal, PictureBomb)
    assert refusal.unpacked == 7900 * 8000 * 3


def test_moving_pictures_are_refused() -> None:
    frames = pyvips.Image.arrayjoin([noise(), noise().invert()], across=1).copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", HEIGHT)
    assert refusal_of(frames.webpsave_buffer()) == PictureAnimated(WEBP)
    assert refusal_of(png(extra=chunk(b"acTL", b"\0" * 8))) == PictureAnimated(PNG)
    assert refusal_of(avif() + box(b"moov", b"")) == PictureAnimated(AVIF)


def test_a_riff_length_that_lies_is_refused() -> None:
    whole = webp()
    longer = whole[:4] + struct.pack("<I", len(whole) + 100) + whole[8:]
    shorter = whole[:4] + struct.pack("<I", len(whole) - 18) + whole[8:]
    assert refusal_of(longer) == PictureTruncated(WEBP)
    assert refusal_of(shorter) == PictureDamaged(WEBP, "chunk-beyond-file")


def test_lengths_that_lie_end_in_a_refusal() -> None:
    huge = (
        png()[:8] + chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 16, 8, 0, 0, 0, 0)) + b"\x7f\xff\xff\xffIDAT" + b"x" * 99
    )
    assert refusal_of(huge) == PictureTruncated(PNG)
    assert isinstance(refusal_of(avif()[:32] + b"\0\0\0\3free"), PictureDamaged | PictureTruncated)
    assert refusal_of(avif() + struct.pack(">I4sQ", 1, b"free", 1 << 60)) == PictureTruncated(AVIF)


def test_a_header_that_never_comes_is_not_waited_for() -> None:
    filler = b"\xff\xe2\xff\xff" + b"\0" * 65_533
    assert refusal_of(b"\xff\xd8" + filler * 20 + jpeg()[2:]) == PictureDamaged(JPEG, "no-header")


def test_weight_is_limited_to_the_byte() -> None:
    content = WHOLE[PNG]
    assert through(content, limits=Limits(bytes=len(content))).width == 20
    with pytest.raises(PhotoTooHeavy) as refused:
        through(content, limits=Limits(bytes=len(content) - 1))
    assert refused.value == PhotoTooHeavy(len(content) - 1)
