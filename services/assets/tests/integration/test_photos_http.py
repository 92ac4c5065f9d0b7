"""Photos over HTTP: kept, listed, downloaded, titled, deleted."""

import os
from datetime import datetime, timedelta

import pytest

from nexoraz.assets.adapters.sealed_photos import PHOTOS
from nexoraz.assets.bootstrap import App
from nexoraz.assets.domain.picture import JPEG
from services.assets.tests.examples import WHOLE, jpeg, png
from services.assets.tests.integration.conftest import Person, stored

pytestmark = pytest.mark.real


@pytest.mark.parametrize("media_type", sorted(WHOLE))
def test_a_photo_of_each_type_is_kept_and_given_back_as_it_was(ann: Person, media_type: str) -> None:
    answer = ann.upload(WHOLE[media_type], query="?title=Blue+cup", type_="application/octet-stream")
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    photo = answer.json
    assert (photo["media_type"], photo["width"], photo["height"]) == (media_type, 20, 16)
    assert (photo["title"], photo["size"]) == ("Blue cup", len(WHOLE[media_type]))
    assert answer.headers["Location"] == f"/v1/assets/photos/{photo['id']}"
    one = ann.ask("GET", f"/photos/{photo['id']}")
    assert (one.json, one.headers["ETag"]) == (photo, '"v1"')
    file = ann.ask("GET", f"/photos/{photo['id']}/content")
    assert (file.status_code, file.data, file.mimetype) == (200, WHOLE[media_type], media_type)
    assert file.headers["Cache-Control"] == "private, no-store"
    assert file.headers["Content-Length"] == str(len(WHOLE[media_type]))


def test_a_photo_of_many_parts_streams_through_sealed(ann: Person, app: App) -> None:
    content = jpeg(4000, 3000, scan=os.urandom(11_000_000).replace(b"\xff", b"\xfe"))
    photo = ann.has_photo(content)
    assert ann.ask("GET", f"/photos/{photo}/content").data == content
    sealed = b"".join(app.objects.raw(ann.account_id, PHOTOS, photo))
    assert content[1000:1032] not in sealed and len(sealed) > len(content)
    part = ann.ask("GET", f"/photos/{photo}/content", {"Range": "bytes=7000000-7000099"})
    assert (part.status_code, part.data) == (206, content[7_000_000:7_000_100])
    assert part.headers["Content-Range"] == f"bytes 7000000-7000099/{len(content)}"
    beyond = ann.ask("GET", f"/photos/{photo}/content", {"Range": "bytes=99999999-"})
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == f"bytes */{len(content)}"


def test_head_and_conditions_spare_the_body(ann: Person) -> None:
    photo = ann.has_photo()
    head = ann.ask("HEAD", f"/photos/{photo}/content")
    assert (head.status_code, head.data, head.headers["Content-Length"]) == (200, b"", str(len(png())))
    again = ann.ask("GET", f"/photos/{photo}/content", {"If-None-Match": head.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert ann.ask("HEAD", f"/photos/{photo}").status_code == 200


def test_the_list_is_newest_first_and_pages_by_cursor(ann: Person, bob: Person) -> None:
    photos = [ann.has_photo() for _ in range(5)]
    bob.has_photo()
    seen: list[str] = []
    query = "?limit=2"
    while True:
        answer = ann.ask("GET", f"/photos{query}")
        assert answer.json is not None
        seen += [photo["id"] for photo in answer.json["items"]]
        if answer.json["next"] is None:
            break
        query = f"?limit=2&cursor={answer.json['next']}"
    assert seen == photos[::-1]


def test_a_repeated_upload_is_answered_again_and_kept_once(ann: Person, app: App) -> None:
    first = ann.upload(png(), key="k-1")
    second = ann.upload(png(), key="k-1")
    assert (second.status_code, second.data) == (201, first.data)
    assert second.headers["Idempotency-Replayed"] == "true"
    other = ann.upload(png(40, 40), key="k-1")
    assert other.status_code == 422 and other.json is not None
    assert other.json["type"].endswith("/idempotency-key-reused")
    assert len(stored(app)) == 1


def test_a_title_changes_at_the_version_that_was_seen(ann: Person) -> None:
    photo = ann.has_photo(query="?title=Cup")
    path = f"/photos/{photo}"
    assert ann.ask("PATCH", path, json={"title": "Mug"}).status_code == 428
    changed = ann.ask("PATCH", path, {"If-Match": '"v1"'}, json={"title": " Blue mug "})
    assert changed.json is not None
    assert (changed.status_code, changed.json["title"], changed.headers["ETag"]) == (200, "Blue mug", '"v2"')
    assert ann.ask("PATCH", path, {"If-Match": '"v1"'}, json={"title": "Jug"}).status_code == 412
    without = ann.ask("PATCH", path, {"If-Match": '"v2"'}, json={"title": None})
    assert without.json is not None and without.json["title"] is None


def test_a_deleted_photo_is_gone_and_its_file_waits_in_the_bin(ann: Person, app: App) -> None:
    photo = ann.has_photo()
    assert ann.ask("DELETE", f"/photos/{photo}").status_code == 428
    assert ann.ask("DELETE", f"/photos/{photo}", {"If-Match": '"v9"'}).status_code == 412
    assert ann.ask("DELETE", f"/photos/{photo}", {"If-Match": '"v1"'}).status_code == 204
    for path in (f"/photos/{photo}", f"/photos/{photo}/content"):
        assert ann.ask("GET", path).status_code == 404
    assert ann.ask("DELETE", f"/photos/{photo}", {"If-Match": '"v1"'}).status_code == 404
    assert ann.ask("GET", "/photos").json == {"items": [], "next": None}
    assert stored(app) != []


def test_tags_change_beside_the_title_at_one_version(ann: Person) -> None:
    path = f"/photos/{ann.has_photo()}"
    changed = ann.ask("PATCH", path, {"If-Match": '"v1"'}, json={"title": "Mug", "tags": ["kitchen", "Kitchen", "é"]})
    assert changed.json is not None
    assert (changed.json["title"], changed.json["tags"], changed.headers["ETag"]) == ("Mug", ["kitchen", "é"], '"v3"')
    same = ann.ask("PATCH", path, {"If-Match": '"v3"'}, json={"tags": ["kitchen", "é"]})
    assert (same.status_code, same.headers["ETag"]) == (200, '"v3"')
    refused = ann.ask("PATCH", path, {"If-Match": '"v3"'}, json={"title": "Jug", "tags": ["a\nb"]})
    assert refused.status_code == 422 and refused.json is not None
    assert refused.json["type"].endswith("/tag-not-allowed")
    assert ann.ask("GET", path).json == same.json


def test_a_deleted_photo_comes_back_out_of_the_bin_as_it_was(ann: Person, bob: Person) -> None:
    photo = ann.has_photo(query="?title=Cup")
    ann.ask("DELETE", f"/photos/{photo}", {"If-Match": '"v1"'})
    binned = ann.ask("GET", "/bin").json
    assert binned is not None
    [lying] = binned["items"]
    assert (lying["id"], lying["title"], lying["version"]) == (photo, "Cup", 2)
    assert datetime.fromisoformat(lying["erased_at"]) - datetime.fromisoformat(lying["deleted_at"]) == timedelta(30)
    for person, tag, status in ((bob, "v2", 404), (ann, "v1", 412)):
        assert person.ask("POST", f"/bin/{photo}/restoration", {"If-Match": f'"{tag}"'}).status_code == status
    back = ann.ask("POST", f"/bin/{photo}/restoration", {"If-Match": '"v2"'})
    assert (back.status_code, back.headers["ETag"]) == (200, '"v3"')
    assert ann.ask("GET", f"/photos/{photo}/content").data == png()
    assert ann.ask("GET", "/bin").json == {"items": [], "next": None}
    assert ann.ask("POST", f"/bin/{photo}/restoration", {"If-Match": '"v3"'}).status_code == 404


def test_a_history_is_read_page_by_page_by_its_owner_only(ann: Person, bob: Person) -> None:
    photo = ann.has_photo(query="?title=Cup")
    ann.ask("PATCH", f"/photos/{photo}", {"If-Match": '"v1"'}, json={"title": "Mug", "tags": ["blue"]})
    ann.ask("DELETE", f"/photos/{photo}", {"If-Match": '"v3"'})
    first = ann.ask("GET", f"/photos/{photo}/history?limit=2").json
    assert first is not None and first["next"]
    assert [(each["version"], each["what"]) for each in first["items"]] == [(4, "deleted"), (3, "tagged")]
    assert first["items"][1]["tags"] == ["blue"] and "title" not in first["items"][1]
    rest = ann.ask("GET", f"/photos/{photo}/history?limit=2&cursor={first['next']}").json
    assert rest is not None and rest["next"] is None
    assert [(each["what"], each["title"]) for each in rest["items"]] == [("renamed", "Mug"), ("uploaded", "Cup")]
    assert bob.ask("GET", f"/photos/{photo}/history").status_code == 404


def test_the_bin_is_paged_and_emptied_for_good(ann: Person) -> None:
    for photo in (photos := [ann.has_photo() for _ in range(3)]):
        ann.ask("DELETE", f"/photos/{photo}", {"If-Match": '"v1"'})
    first = ann.ask("GET", "/bin?limit=2").json
    assert first is not None
    rest = ann.ask("GET", f"/bin?limit=2&cursor={first['next']}").json
    assert rest is not None
    assert [each["id"] for each in first["items"] + rest["items"]] == photos[::-1]
    assert ann.ask("DELETE", f"/bin/{photos[0]}").status_code == 428
    assert ann.ask("DELETE", f"/bin/{photos[0]}", {"If-Match": '"v2"'}).status_code == 204
    assert ann.ask("DELETE", f"/bin/{photos[0]}", {"If-Match": '"v3"'}).status_code == 404
    left = ann.ask("GET", "/bin").json
    assert left is not None and len(left["items"]) == 2


@pytest.mark.parametrize(
    ("title", "plain"),
    [
        ("Blue cup", "Blue cup.jpg"),
        ("../../etc/passwd", "etc-passwd.jpg"),
        ('a"b\\c;d', "a-b-c-d.jpg"),
        ("cup.JPG", "cup.jpg"),
    ],
)
def test_the_file_name_is_the_title_made_harmless(ann: Person, title: str, plain: str) -> None:
    answer = ann.ask(
        "POST", "/photos", {"Idempotency-Key": "n", "Content-Type": JPEG}, data=jpeg(), query_string={"title": title}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    file = ann.ask("GET", f"/photos/{answer.json['id']}/content")
    name = file.headers["Content-Disposition"]
    assert name in (f"attachment; filename={plain}", f'attachment; filename="{plain}"')
