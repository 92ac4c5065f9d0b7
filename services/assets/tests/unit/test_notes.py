"""What a camera or a program notes beside the pixels does not stay: clause C3, on files as real encoders write them."""

import struct
from collections.abc import Callable

import pytest
import pyvips

from nexoraz.assets.domain.picture import AVIF, PictureDamaged
from services.assets.tests.examples import box, chunk, jpeg, png, webp
from services.assets.tests.unit.test_formats import noise, passed, refusal_of, same_pixels

CANARY = "canary-at-48.2082N-16.3738E"
SECRET = CANARY.encode()
PROFILE = "icc-profile-data"


def noted(orientation: int = 1) -> pyvips.Image:
    """A picture that tells where it was taken, by whom, with what; and its colours, which it may."""
    image = noise().icc_transform("p3", input_profile="srgb").copy()
    for name in ("exif-ifd0-Artist", "exif-ifd0-Make", "exif-ifd2-UserComment", "exif-ifd3-GPSAreaInformation"):
        image.set_type(pyvips.GValue.gstr_type, name, f"{CANARY} ({CANARY}, ASCII, 28 components, 28 bytes)")
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>%b</x:xmpmeta>" % SECRET)
    image.set_type(pyvips.GValue.blob_type, "iptc-data", b"Photoshop 3.0\0" + SECRET)
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image


NOTED: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: noted().jpegsave_buffer(Q=90),
    "PNG": lambda: noted().pngsave_buffer(),
    "WebP": lambda: noted().webpsave_buffer(Q=80),
    "lossless WebP": lambda: noted().webpsave_buffer(lossless=True),
    "AVIF": lambda: noted().heifsave_buffer(compression="av1", effort=0),
}


@pytest.mark.parametrize("step", [1, 13, 65_536])
@pytest.mark.parametrize("name", NOTED)
def test_no_note_stays_and_the_colours_do(name: str, step: int) -> None:
    content = NOTED[name]()
    assert SECRET in content
    _, kept = passed(content, step)
    assert SECRET not in kept
    before, after = (pyvips.Image.new_from_buffer(each, "") for each in (content, kept))
    assert same_pixels(kept, content)
    assert after.get(PROFILE) == before.get(PROFILE)
    left = {"exif-data", "xmp-data", "iptc-data"} & set(after.get_fields())
    assert not any(bytes(after.get(field)).strip(b"\0") for field in left)


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_a_photo_stays_upright(orientation: int) -> None:
    content = noted(orientation).jpegsave_buffer(Q=90)
    _, kept = passed(content)
    after = pyvips.Image.new_from_buffer(kept, "")
    assert SECRET not in kept
    assert after.get("orientation") == orientation
    assert {name for name in after.get_fields() if name.startswith("exif-ifd")} <= {
        "exif-ifd0-Orientation", "exif-ifd0-XResolution", "exif-ifd0-YResolution", "exif-ifd0-ResolutionUnit",
        "exif-ifd0-YCbCrPositioning",
        "exif-ifd2-ExifVersion", "exif-ifd2-ComponentsConfiguration", "exif-ifd2-FlashpixVersion",
        "exif-ifd2-ColorSpace",
        "exif-ifd2-PixelXDimension", "exif-ifd2-PixelYDimension",
    }  # fmt: skip  # what the reader adds by itself


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


@pytest.mark.parametrize(
    "notes",
    [
        segment(0xFE, SECRET),
        segment(0xE0, b"JFXX\0" + SECRET),
        segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\5\5" + SECRET),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        segment(0xE2, b"MPF\0" + SECRET),
        segment(0xED, SECRET),
        segment(0xEB, b"JP\0\1" + SECRET),
        segment(0xE1, b"Exif\0\0" + SECRET) + b"\xff\xff" + segment(0xEF, SECRET),
    ],
)
def test_every_kind_of_segment_that_may_hold_a_note_is_left_out(notes: bytes) -> None:
    content = jpeg()[:2] + notes + jpeg()[2:]
    for step in (1, 65_536):
        kept = passed(content, step)[1]
        assert SECRET not in kept
        assert kept.endswith(jpeg()[2:])


def test_notes_between_the_scans_of_a_jpeg_are_left_out() -> None:
    content = jpeg()[:-2] + segment(0xFE, SECRET) + jpeg()[jpeg().index(b"\xff\xda") :]
    assert SECRET not in passed(content)[1]


def test_a_preview_after_the_picture_is_left_out() -> None:
    assert passed(jpeg() + jpeg(exif=SECRET))[1] == jpeg()


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"prVt", b"caBX"])
def test_every_chunk_of_a_png_that_colours_do_not_need_is_left_out(kind: bytes) -> None:
    assert passed(png(extra=chunk(kind, SECRET)))[1] == png()


@pytest.mark.parametrize("kind", [b"EXIF", b"XMP ", b"C2PA", b"note"])
def test_a_note_in_a_webp_becomes_zeros(kind: bytes) -> None:
    note = kind + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) & 1)
    kept = passed(webp(extra=note))[1]
    assert SECRET not in kept
    assert kind not in kept
    assert len(kept) == len(webp(extra=note))


def test_a_foreign_box_in_an_avif_becomes_zeros() -> None:
    content = NOTED["AVIF"]()
    for extra in (box(b"uuid", SECRET), struct.pack(">I4sQ", 1, b"uuid", 16 + len(SECRET)) + SECRET):
        kept = passed(content + extra)[1]
        assert SECRET not in kept
        assert same_pixels(kept, content)


def avif_with(*items: tuple[bytes, int, int, int], idat: bytes = b"", after: bytes = b"") -> bytes:
    """The boxes of an AVIF in which each item has a kind, a method, an offset and a length."""
    entries = b"".join(box(b"infe", struct.pack(">B3xHH4s", 2, n, 0, kind)) for n, (kind, *_) in enumerate(items, 1))
    infos = box(b"iinf", struct.pack(">4xH", len(items)) + entries)
    rows = b"".join(
        struct.pack(">HHHHII", n, method, 0, 1, offset, length)
        for n, (_, method, offset, length) in enumerate(items, 1)
    )
    places = box(b"iloc", struct.pack(">B3xHH", 1, 0x4400, len(items)) + rows)
    extent = box(b"iprp", box(b"ipco", box(b"ispe", struct.pack(">4xII", 20, 16))))
    meta = box(b"meta", b"\0" * 4 + infos + places + extent + box(b"idat", idat))
    return box(b"ftyp", b"avif\0\0\0\0avifmif1") + meta + box(b"mdat", after)


def test_a_note_inside_the_description_of_an_avif_becomes_zeros() -> None:
    content = avif_with((b"Exif", 1, 4, len(SECRET)), (b"av01", 1, 0, 4), idat=b"grid" + SECRET)
    kept = passed(content)[1]
    assert SECRET not in kept
    assert b"grid" in kept
    assert len(kept) == len(content)


@pytest.mark.parametrize("item", [(b"Exif", 2, 0, 8), (b"mime", 0, 0, 0), (b"uri ", 7, 1, 1)])
def test_an_item_whose_place_is_not_told_is_refused(item: tuple[bytes, int, int, int]) -> None:
    assert refusal_of(avif_with(item, after=SECRET)) == PictureDamaged(AVIF, "item-out-of-reach")


def test_a_table_of_items_that_is_cut_is_refused() -> None:
    whole = avif_with((b"Exif", 1, 0, 8), idat=SECRET)
    broken = whole.replace(struct.pack(">HHHHII", 1, 1, 0, 1, 0, 8), struct.pack(">HHHHII", 1, 1, 0, 900, 0, 8))
    assert refusal_of(broken) == PictureDamaged(AVIF, "no-items")
