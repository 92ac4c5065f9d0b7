"""Every bad photo gets its own refusal, by its content, before its pixels are decoded."""

import io
import pickle
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nexoraz.render.engine import decode, limits
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.port import Pixels
from nexoraz.render.engine.refusals import (
    NothingToCutOut,
    PhotoTooHeavy,
    PictureAnimated,
    PictureBomb,
    PictureDamaged,
    PictureTooLarge,
    PictureTooSmall,
    PictureTruncated,
    Refusal,
    UnsupportedType,
)
from nexoraz.render.presets.catalogue import find

Saved = Callable[..., bytes]
WHITE = find("marketplace-white")


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that declares a size and holds the chunks given."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*each) for each in chunks) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
        (b"<svg/>", "image/svg+xml"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"GIF89a\x01\0\x01\0", "image/gif"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypavis\0\0\0\0avisavif", "image/avif-sequence"),
        (b"just some words", "text/plain"),
        (b"#!/bin/sh\nrm", "text/plain"),
        (b"\x00\x01\x02\x03", "unknown"),
        (b"", "unknown"),
    ],
)
def test_what_is_no_photo_is_named_and_refused(content: bytes, found: str) -> None:
    with pytest.raises(UnsupportedType) as refused:
        decode.open_photo(content)
    assert refused.value.found == found


def test_the_name_of_a_file_does_not_matter(tmp_path: Path, disc: Pixels, saved: Saved) -> None:
    path = tmp_path / "photo.pdf"
    path.write_bytes(saved(disc, "PNG"))
    assert decode.open_photo(path).media_type == "image/png"
    assert decode.open_photo(io.BytesIO(path.read_bytes())).media_type == "image/png"


def test_a_hundred_megapixels_are_refused_by_the_header_alone() -> None:
    with pytest.raises(PictureTooLarge) as refused:
        decode.open_photo(png(11_600, 8_700, (b"IDAT", b"")))
    assert (refused.value.megapixels, refused.value.limit) == (100.9, 64.0)


def test_a_png_that_declares_an_enormous_picture_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        decode.open_photo(png(2_000_000_000, 2_000_000_000, (b"IDAT", zlib.compress(b"\0" * 99))))
    assert isinstance(refused.value, PictureTooLarge | PictureDamaged)


def test_a_picture_that_unpacks_out_of_all_proportion_is_a_bomb() -> None:
    rows = zlib.compress(b"\0" * ((7_000 * 3 + 1) * 7_000), 9)
    with pytest.raises(PictureBomb) as refused:
        decode.open_photo(png(7_000, 7_000, (b"IDAT", rows)))
    assert refused.value.unpacked == 147_000_000
    assert refused.value.unpacked > 400 * refused.value.packed


def test_a_compressed_profile_that_inflates_without_end_costs_nothing(disc: Pixels, saved: Saved) -> None:
    """An iCCP chunk may itself be a bomb: 200 MB of zeros in 200 kB. The picture is read without it or refused."""
    bomb = b"icc\0\0" + zlib.compress(b"\0" * 200_000_000, 9)
    content = saved(disc, "PNG")
    at = content.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(bomb)) + b"iCCP" + bomb + struct.pack(">I", zlib.crc32(b"iCCP" + bomb))
    try:
        photo = decode.open_photo(content[:at] + chunk + content[at:])
        assert decode.read(photo, 1.0).shape == disc.shape
    except PictureDamaged as refused:
        assert refused.media_type == "image/png"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_file_that_ends_too_early_is_refused(
    quick: Engine, disc: Pixels, saved: Saved, kind: str, share: float
) -> None:
    whole = saved(np.random.default_rng(3).integers(0, 256, disc.shape, np.uint8), kind)
    with pytest.raises(PictureTruncated) as refused:
        quick.render(whole[: int(len(whole) * share)], WHITE)
    assert refused.value.media_type == f"image/{kind.lower()}"


def test_an_avif_that_ends_too_early_is_refused(quick: Engine, disc: Pixels, saved: Saved) -> None:
    whole = saved(disc, "AVIF")
    with pytest.raises(PictureTruncated):
        quick.render(whole[: len(whole) // 2], WHITE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_bytes_turned_over_within_a_file_end_in_pixels_or_a_refusal(disc: Pixels, saved: Saved, kind: str) -> None:
    random = np.random.default_rng(11)
    whole = saved(disc, kind)
    for _ in range(25):
        broken = bytearray(whole)
        for at in random.integers(0, len(whole), 6):
            broken[at] ^= int(random.integers(1, 256))
        try:
            decode.read(decode.open_photo(bytes(broken)), 0.5)
        except Refusal as refused:
            assert str(refused)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_moving_pictures_are_refused(disc: Pixels, saved: Saved, kind: str) -> None:
    frames = [Image.fromarray(disc), Image.fromarray(disc[::-1].copy())]
    with pytest.raises(PictureAnimated) as refused:
        decode.open_photo(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert refused.value.frames == 2


def test_a_moving_gif_is_no_photo(disc: Pixels, saved: Saved) -> None:
    with pytest.raises(UnsupportedType):
        decode.open_photo(saved(disc, "GIF", save_all=True, append_images=[Image.fromarray(disc[::-1].copy())]))


def test_a_tiny_picture_is_refused(saved: Saved) -> None:
    with pytest.raises(PictureTooSmall):
        decode.open_photo(saved(np.zeros((20, 200, 3), np.uint8), "PNG"))


def test_an_endless_stream_is_read_to_the_limit_only() -> None:
    class Endless(io.RawIOBase):
        served = 0

        def read(self, size: int = -1, /) -> bytes:
            self.served += size
            return bytes(size)

    stream = Endless()
    with pytest.raises(PhotoTooHeavy):
        decode.open_photo(stream)  # type: ignore[arg-type]
    assert stream.served == limits.FILE_BYTES + 1


def test_a_photo_of_nothing_has_nothing_to_cut_out(usual: Engine, saved: Saved) -> None:
    with pytest.raises(NothingToCutOut):
        usual.render(saved(np.full((300, 400, 3), 128, np.uint8), "PNG"), WHITE)


def test_a_refusal_keeps_its_facts_from_process_to_process() -> None:
    refused = pickle.loads(pickle.dumps(PictureTooLarge(megapixels=100.9, limit=64.0)))
    assert (refused.megapixels, refused.limit) == (100.9, 64.0)
    assert "100.9" in str(refused)
