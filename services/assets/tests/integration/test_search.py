"""Search on the real database: what is found, in which order, by whom, and what its table shows."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from nexoraz.assets.adapters.subscribed import on_render_requested
from nexoraz.assets.bootstrap import App
from services.assets.tests.integration.conftest import Person

pytestmark = pytest.mark.real


def found(person: Person, question: str) -> list[str]:
    answer = person.ask("GET", "/search", query_string={"q": question})
    assert answer.status_code == 200 and answer.json is not None, answer.text
    return [photo["id"] for photo in answer.json["items"]]


def tag(person: Person, photo: str, *tags: str) -> None:
    answer = person.ask("PATCH", f"/photos/{photo}", {"If-Match": "*"}, json={"tags": list(tags)})
    assert answer.status_code == 200, answer.text


def rendered(app: App, account_id: str, photo_id: str, preset: str) -> None:
    data = SimpleNamespace(account_id=account_id, photo_id=photo_id, preset=preset)
    with app.runtime.store.transaction() as tx:
        on_render_requested(tx, cast(Any, SimpleNamespace(data=data)))


def test_whole_words_come_before_beginnings_and_those_before_tags_and_presets(ann: Person, app: App) -> None:
    whole, older_beginning = ann.has_photo(query="?title=My+white+cup"), ann.has_photo(query="?title=Whiteboard")
    beginning, tagged, preset = (ann.has_photo(query="?title=Whites"), ann.has_photo(), ann.has_photo())
    ann.has_photo(query="?title=Black+cup")
    tag(ann, tagged, "off white")
    for _ in range(2):
        rendered(app, ann.account_id, preset, "marketplace-white")
    assert found(ann, "white") == [whole, beginning, older_beginning, tagged, preset]
    assert found(ann, "WHITE cu") == [whole]
    assert found(ann, "white saucer") == []
    assert set(found(ann, "20")) == set()
    year = ann.ask("GET", f"/photos/{whole}").json["uploaded_at"][:4]  # type: ignore[index]
    assert len(found(ann, year)) == 6


def test_what_was_renamed_or_deleted_is_found_as_it_is_now(ann: Person) -> None:
    photo = ann.has_photo(query="?title=Cup")
    ann.ask("PATCH", f"/photos/{photo}", {"If-Match": '"v1"'}, json={"title": "Mug", "tags": ["tea"]})
    assert (found(ann, "cup"), found(ann, "mug"), found(ann, "tea")) == ([], [photo], [photo])
    tag(ann, photo)
    assert found(ann, "tea") == []
    ann.ask("DELETE", f"/photos/{photo}", {"If-Match": "*"})
    assert found(ann, "mug") == []
    ann.ask("POST", f"/bin/{photo}/restoration", {"If-Match": "*"})
    assert found(ann, "mug") == [photo]
    ann.ask("DELETE", f"/photos/{photo}", {"If-Match": "*"})
    ann.ask("DELETE", f"/bin/{photo}", {"If-Match": "*"})
    assert found(ann, "mug") == []


def test_nobody_finds_another_persons_photos_and_equal_words_have_different_tokens(
    ann: Person, bob: Person, app: App
) -> None:
    ann.has_photo(query="?title=Xylophone")
    assert found(bob, "xylophone") == []
    rendered(app, bob.account_id, ann.has_photo(), "marketplace-white")
    assert found(ann, "marketplace") == found(bob, "marketplace") == []
    bob.has_photo(query="?title=Xylophone")
    with app.runtime.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT account_id, token, search_tokens::text FROM search_tokens").all()
    tokens = [{row[1] for row in rows if row[0] == person.account_id} for person in (ann, bob)]
    assert tokens[0] and not tokens[0] & tokens[1]
    assert not any("xyl" in row[2].lower() for row in rows)


def test_a_rebuild_finds_the_same(ann: Person, app: App) -> None:
    photo = ann.has_photo(query="?title=Cup")
    tag(ann, photo, "tea")
    rendered(app, ann.account_id, photo, "marketplace-white")
    app.rebuild(["search"])
    assert [found(ann, question) for question in ("cu", "te", "white cup")] == [[photo]] * 3


def test_a_question_is_bounded(ann: Person) -> None:
    for question, rule in (("?", "nothing-to-search"), ("a b c d e f g", "too-many-words")):
        answer = ann.ask("GET", "/search", query_string={"q": question})
        assert answer.status_code == 422 and answer.json is not None and answer.json["type"].endswith(rule)
    assert ann.ask("GET", "/search", query_string={"q": "x" * 201}).status_code == 422
