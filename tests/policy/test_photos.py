"""C3 and U1: what a person does with photos that are there."""

import io
import zipfile
from uuid import uuid4

import pytest
import pyvips

from tests.journey.demo import PRESETS
from tests.journey.person import Person, until
from tests.policy.asking import ask
from tests.policy.conftest import Evidence
from tests.policy.test_content import picture

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows


def uploaded(person: Person, query: str = "") -> str:
    """The path of a new photo."""
    answer = ask(person, "POST", f"/v1/assets/photos{query}", picture().pngsave_buffer(), Content_Type="image/png")
    assert answer.status == 201, answer.body
    return f"/v1/assets/photos/{answer.json['id']}"


@shows("C3", "tags")
@shows("C3", "history of a photo")
def test_a_photo_is_named_tagged_deleted_and_taken_back_and_tells_it(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    path = uploaded(ann, "?title=Cup")
    changed = ask(ann, "PATCH", path, {"title": "Blue cup", "tags": ["kitchen", "blue"]}, If_Match='"v1"')
    assert (changed.status, changed.json["tags"]) == (200, ["kitchen", "blue"])
    assert ask(ann, "DELETE", path, If_Match='"v3"').status == 204
    assert ask(ann, "GET", path).status == 404
    back = path.replace("/photos/", "/bin/") + "/restoration"
    assert ask(ann, "POST", back, If_Match='"v4"').status == 200
    assert ask(ann, "GET", path).json["tags"] == ["kitchen", "blue"]
    told = [change["what"] for change in ask(ann, "GET", path + "/history").json["items"]]
    assert told == ["restored", "deleted", "tagged", "renamed", "uploaded"]
    evidence(f"tags kitchen, blue; history: {', '.join(told[::-1])}")


@shows("C3", "gallery with thumbnails")
@shows("C3", "zip of a selection")
def test_a_gallery_shows_small_copies_and_gives_a_selection_as_one_zip(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    sent = picture().resize(10).cast("uchar").jpegsave_buffer(Q=90)
    first = ask(ann, "POST", "/v1/assets/photos?title=Cup", sent, Content_Type="image/jpeg").json
    path = f"/v1/assets/photos/{first['id']}"
    small = until(lambda: ask(ann, "GET", "/v1/assets/photos?limit=1").json["items"][0]["thumbnail"], "it was made")
    answer = ask(ann, "GET", small["href"])
    seen = pyvips.Image.new_from_buffer(answer.body, "")
    assert (seen.width, seen.height) == (small["width"], small["height"]) == (320, 240)
    assert answer.headers["Cache-Control"].startswith("private")
    assert ask(ann, "GET", small["href"], If_None_Match=answer.headers["ETag"]).status == 304
    ids = [first["id"], uploaded(ann).rpartition("/")[2]]
    selected = ask(ann, "POST", "/v1/assets/selection", {"photo_ids": ids})
    with zipfile.ZipFile(io.BytesIO(selected.body)) as opened:
        assert len(opened.namelist()) == 2 and opened.read("Cup.jpg") == ask(ann, "GET", path + "/content").body
    assert ask(ann, "POST", "/v1/assets/selection", {"photo_ids": [*ids, str(uuid4())]}).status == 404
    evidence(f"640 by 480 as {small['width']} by {small['height']}; a zip of 2 photos, {len(selected.body)} bytes")


@shows("U1", "search")
def test_photos_are_found_by_titles_tags_dates_and_presets(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    titled, tagged = uploaded(ann, "?title=Xylophone+of+wood"), uploaded(ann)
    changed = ask(ann, "PATCH", tagged, {"tags": ["xylophones"]}, If_Match='"v1"')
    assert changed.status == 200
    year = changed.json["uploaded_at"][:4]

    def found(question: str) -> list[str]:
        items = ask(ann, "GET", "/v1/assets/search?q=" + question).json["items"]
        return [f"/v1/assets/photos/{photo['id']}" for photo in items]

    assert found("xylophone") == found(f"xylo%20{year}") == [titled, tagged]
    assert found("wood%20XYLO") == [titled]
    ann.ask_render(tagged.rpartition("/")[2], PRESETS[1])
    until(lambda: found(f"xylophone%20{PRESETS[1]}") == [tagged] or None, "the photo was found by its preset")
    evidence(f"the title before the tag, by beginnings, by {year} and by the preset {PRESETS[1]}")
