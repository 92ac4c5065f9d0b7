"""A zip of chosen photos, streamed from the real bucket."""

import io
import os
import zipfile
from uuid import uuid4

import pytest

from nexoraz.assets.adapters.sealed_photos import PHOTOS
from nexoraz.assets.bootstrap import App
from services.assets.tests.examples import jpeg, png
from services.assets.tests.integration.conftest import Person

pytestmark = pytest.mark.real


def test_a_selection_is_one_zip_of_the_length_that_was_told(ann: Person) -> None:
    big = jpeg(4000, 3000, scan=os.urandom(9_000_000).replace(b"\xff", b"\xfe"))
    photos = [ann.has_photo(big, "?title=Cup"), ann.has_photo(png(), "?title=Mug"), ann.has_photo(png(), "?title=mug")]
    answer = ann.ask("POST", "/selection", json={"photo_ids": [*photos, photos[0]]})
    assert (answer.status_code, answer.mimetype) == (200, "application/zip"), answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as opened:
        assert opened.namelist() == ["Cup.jpg", "Mug.png", "mug-2.png"]
        assert opened.testzip() is None
        assert opened.read("Cup.jpg") == big


def test_one_photo_of_somebody_else_refuses_the_whole_selection(ann: Person, bob: Person) -> None:
    mine, others = ann.has_photo(), bob.has_photo()
    binned = ann.has_photo()
    ann.ask("DELETE", f"/photos/{binned}", {"If-Match": "*"})
    for wrong in (others, binned, str(uuid4())):
        assert ann.ask("POST", "/selection", json={"photo_ids": [mine, wrong]}).status_code == 404


def test_a_selection_is_bounded_and_not_empty(ann: Person) -> None:
    for ids in ([], [str(uuid4())] * 101, ["x"]):
        assert ann.ask("POST", "/selection", json={"photo_ids": ids}).status_code == 422


def test_a_file_that_is_missing_is_told_before_the_first_byte(ann: Person, app: App) -> None:
    photo = ann.has_photo()
    app.objects.delete(ann.account_id, PHOTOS, photo)
    assert ann.ask("POST", "/selection", json={"photo_ids": [photo]}).status_code == 404
