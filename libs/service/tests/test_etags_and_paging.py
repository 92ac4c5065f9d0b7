from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from nexoraz.service.paging import page, read_cursor, write_cursor
from nexoraz.service.problems import Problem

PHOTOS = "/v1/gallery/photos"


def add(gallery: Any, title: str) -> str:
    headers = gallery.signed_in(**{"Idempotency-Key": str(uuid4())})
    added: str = gallery.client().post(PHOTOS, json={"title": title}, headers=headers).get_json()["id"]
    return added


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, 428),
        ("  ", 428),
        ('"v1"', 200),
        ('"v0", "v1"', 200),
        ("*", 200),
        ('"v2"', 412),
        ('W/"v1"', 412),
        ("v1", 412),
    ],
)
def test_an_update_names_the_version_that_it_changes(gallery: Any, if_match: str | None, status: int) -> None:
    photo = add(gallery, "a")
    headers = gallery.signed_in() | ({"If-Match": if_match} if if_match is not None else {})
    answer = gallery.client().patch(f"{PHOTOS}/{photo}", json={"title": "b"}, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer.headers["ETag"] == '"v2"'
    if status == 412:
        assert answer.headers["ETag"] == '"v1"'


def test_what_was_not_changed_is_not_sent_again(gallery: Any) -> None:
    photo = add(gallery, "a")
    read = gallery.client().get(f"{PHOTOS}/{photo}", headers=gallery.signed_in())
    again = gallery.signed_in(**{"If-None-Match": read.headers["ETag"]})
    answer = gallery.client().get(f"{PHOTOS}/{photo}", headers=again)
    assert (answer.status_code, answer.data) == (304, b"")
    other = gallery.signed_in(**{"If-None-Match": '"v7"'})
    assert gallery.client().get(f"{PHOTOS}/{photo}", headers=other).status_code == 200


def test_following_the_cursors_gives_every_item_once_in_order(gallery: Any) -> None:
    titles = [f"title {number:02}" for number in range(7)]
    for title in reversed(titles):
        add(gallery, title)
    found: list[str] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        answer = gallery.client().get(PHOTOS, query_string=query, headers=gallery.signed_in()).get_json()
        found += [item["title"] for item in answer["items"]]
        cursor, pages = answer["next"], pages + 1
    assert (found, pages) == (titles, 3)


def test_a_page_that_is_exactly_full_has_no_next() -> None:
    assert page([1, 2], 2, key=lambda row: (row,)) == {"items": [1, 2], "next": None}
    assert page([], 2, key=lambda row: (row,)) == {"items": [], "next": None}


def test_a_cursor_comes_back_as_it_was() -> None:
    key = (datetime(2026, 5, 1, 12, 0, 0, 5, UTC), UUID(int=7), "é", -3)
    assert read_cursor(write_cursor(key), datetime, UUID, str, int) == key
    assert read_cursor(None, int) is None


@pytest.mark.parametrize(
    "text", ["", "!", "é", "AAAA", write_cursor(("a",)), write_cursor((1, 2)), write_cursor((2**70,))]
)
def test_a_cursor_that_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises(Problem) as raised:
        read_cursor(text, int)
    assert raised.value.status == 400


def test_a_cursor_cannot_bring_in_a_nul() -> None:
    with pytest.raises(Problem):
        read_cursor(write_cursor(("a\x00b",)), str)
