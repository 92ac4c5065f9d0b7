"""Albums over HTTP, on the real database."""

from uuid import uuid4

import pytest

from nexoraz.assets.bootstrap import App
from services.assets.tests.integration.conftest import Person

pytestmark = pytest.mark.real


def made(person: Person, name: str, *photos: str, status: int = 201) -> str:
    """The path of a new album."""
    body = {"name": name, "photo_ids": photos}
    answer = person.ask("POST", "/albums", {"Idempotency-Key": str(uuid4())}, json=body)
    assert answer.status_code == status, answer.text
    return f"/albums/{answer.json['id']}" if status == 201 and answer.json else ""


def shown(person: Person, path: str) -> tuple[str, list[str], str]:
    """Name, ids of the photos, and ETag."""
    answer = person.ask("GET", path)
    assert answer.status_code == 200 and answer.json is not None, answer.text
    return answer.json["name"], [photo["id"] for photo in answer.json["photos"]], answer.headers["ETag"]


def test_an_album_keeps_the_persons_order_and_changes_at_the_version_seen(ann: Person) -> None:
    first, second = ann.has_photo(), ann.has_photo()
    path = made(ann, "Cups", second, first)
    assert shown(ann, path) == ("Cups", [second, first], '"v2"')
    change = {"name": "Mugs", "photo_ids": [first]}
    assert ann.ask("PUT", path, json=change).status_code == 428
    assert ann.ask("PUT", path, {"If-Match": '"v2"'}, json=change).headers["ETag"] == '"v4"'
    assert ann.ask("PUT", path, {"If-Match": '"v2"'}, json=change).status_code == 412
    assert shown(ann, path)[:2] == ("Mugs", [first])
    listed = ann.ask("GET", "/albums").json
    assert listed == {"items": [{"id": path.rpartition("/")[2], "name": "Mugs", "photos": 1}]}
    assert ann.ask("DELETE", path, {"If-Match": "*"}).status_code == 204
    assert ann.ask("GET", path).status_code == 404
    assert ann.ask("GET", f"/photos/{first}").status_code == 200


def test_a_photo_in_the_bin_is_not_shown_until_it_comes_back(ann: Person) -> None:
    photo = ann.has_photo()
    path = made(ann, "Cups", photo)
    ann.ask("DELETE", f"/photos/{photo}", {"If-Match": "*"})
    assert shown(ann, path)[1] == []
    ann.ask("POST", f"/bin/{photo}/restoration", {"If-Match": "*"})
    assert shown(ann, path)[1] == [photo]


def test_nobody_gathers_or_sees_what_belongs_to_others(ann: Person, bob: Person) -> None:
    mine, others = ann.has_photo(), bob.has_photo()
    made(ann, "Cups", mine, others, status=404)
    path = made(ann, "Cups", mine)
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": {"name": "Mine", "photo_ids": []}} if method == "PUT" else {}
        assert bob.ask(method, path, {"If-Match": "*"}, **body).status_code == 404


def test_albums_are_bounded_and_their_names_sealed(ann: Person, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nexoraz.assets.application.arrange_album.MOST_ALBUMS", 1)
    path = made(ann, "Xylophones")
    made(ann, "One more", status=422)
    made(ann, "a\nb", status=422)
    with app.runtime.engine.connect() as connection:
        assert b"Xylo" not in bytes(connection.exec_driver_sql("SELECT name FROM albums").scalar_one())
    before = shown(ann, path)
    app.rebuild(["albums"])
    assert shown(ann, path) == before
