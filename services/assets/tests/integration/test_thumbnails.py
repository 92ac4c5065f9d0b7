"""Thumbnails by the real libvips, in the real bucket."""

import struct
from typing import Any

import pytest
import pyvips

from nexoraz.assets.adapters.sealed_photos import THUMBNAILS
from nexoraz.assets.adapters.thumbnail_process import ThumbnailProcess
from nexoraz.assets.application.ports import PictureUnreadable
from nexoraz.assets.bootstrap import App
from nexoraz.events.tasks import Task
from services.assets.tests.examples import png
from services.assets.tests.integration.conftest import Person, stored

pytestmark = pytest.mark.real


def picture(width: int = 1600, height: int = 900) -> pyvips.Image:
    image = pyvips.Image.gaussnoise(width, height, mean=128, sigma=40).cast("uchar")
    return image.bandjoin([128, 128]).copy(interpretation="srgb")


def make(app: App, person: Person, photo_id: str, kind: str = "make-thumbnail") -> None:
    """What the worker does with the task."""
    task = Task(1, kind, photo_id, person.account_id, {"photo_id": photo_id}, 1)
    app.plan().task_handlers[kind](task)


def thumbnail(person: Person, photo_id: str) -> Any:
    answer = person.ask("GET", f"/photos/{photo_id}").json
    assert answer is not None
    return answer["thumbnail"]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
def test_every_kept_type_is_made_small_and_upright(kind: str) -> None:
    image = picture()
    if kind == "jpeg":
        image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    data = {
        "jpeg": image.jpegsave_buffer,
        "png": image.pngsave_buffer,
        "webp": image.webpsave_buffer,
        "avif": lambda: image.heifsave_buffer(compression="av1", effort=0),
    }[kind]()
    made = ThumbnailProcess().make(data[at : at + 65_536] for at in range(0, len(data), 65_536))
    assert (made.width, made.height) == ((180, 320) if kind == "jpeg" else (320, 180))
    assert made.content[8:12] == b"WEBP"


def test_what_cannot_be_read_or_is_no_photo_is_refused_and_ends_its_process() -> None:
    for content in (b"", b"GIF89a" + bytes(99), b"<svg xmlns='http://www.w3.org/2000/svg'/>", png()[:40]):
        with pytest.raises(PictureUnreadable):
            ThumbnailProcess().make([content] if content else [])
    with pytest.raises(PictureUnreadable):
        ThumbnailProcess(longest_s=0.01).make([picture().pngsave_buffer()])


def test_a_source_that_breaks_is_told_and_leaves_no_process() -> None:
    def broken() -> Any:
        yield png()[:10]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        ThumbnailProcess().make(broken())


def test_a_thumbnail_is_sealed_shown_cached_and_gone_with_its_photo(ann: Person, bob: Person, app: App) -> None:
    photo = ann.has_photo(picture().pngsave_buffer(), "?title=Cup")
    path = f"/photos/{photo}/thumbnail"
    assert thumbnail(ann, photo) is None and ann.ask("GET", path).status_code == 404
    for _ in range(2):
        make(app, ann, photo)
    shown = thumbnail(ann, photo)
    assert (shown["width"], shown["height"], shown["href"]) == (320, 180, f"/v1/assets{path}")
    answer = ann.ask("GET", path)
    assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (
        200,
        "image/webp",
        "private, max-age=3600",
    )
    assert struct.unpack("<I", answer.data[4:8])[0] == len(answer.data) - 8
    assert ann.ask("GET", path, {"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert bob.ask("GET", path).status_code == 404
    assert answer.data[20:60] not in b"".join(app.objects.raw(ann.account_id, THUMBNAILS, photo))
    assert ann.ask("GET", f"/photos/{photo}").headers["ETag"] == '"v1"'
    ann.ask("DELETE", f"/photos/{photo}", {"If-Match": "*"})
    assert ann.ask("GET", path).status_code == 404
    ann.ask("DELETE", f"/bin/{photo}", {"If-Match": "*"})
    make(app, ann, photo, "delete-file")
    assert stored(app) == []
    make(app, ann, photo)
    assert stored(app) == []
