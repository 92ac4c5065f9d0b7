"""Decisions about a photo."""

from datetime import timedelta

import pytest

from nexoraz.assets.domain.events import PhotoDeleted, PhotoDiscarded, PhotoTagged, PhotoTitled
from nexoraz.assets.domain.history import change, newest_first
from nexoraz.assets.domain.photo import IN_THE_BIN, PHOTO, DeletePhoto, PhotoEvent, PhotoUnknown, TagPhoto, TitlePhoto
from nexoraz.assets.domain.tags import LONGEST_TAG, MOST_TAGS, TagNotAllowed, TooManyTags
from nexoraz.assets.domain.title import LONGEST, TitleNotAllowed, title
from nexoraz.events.decider import Refused
from nexoraz.events.testing import given
from services.assets.tests.examples import (
    ANN,
    NOON,
    PHOTO_ID,
    delete,
    deleted,
    discard,
    discarded,
    erased,
    receipt,
    restore,
    restored,
    retitle,
    retitled,
    tag,
    tagged,
    upload,
    uploaded,
)


def test_a_photo_is_uploaded_once() -> None:
    given(PHOTO).when(upload).then(uploaded)
    given(PHOTO, uploaded).when(upload).then()
    given(PHOTO, uploaded, discarded, deleted).when(upload).then()


def test_a_title_is_given_anew_and_only_when_it_differs() -> None:
    given(PHOTO, uploaded).when(retitle).then(retitled)
    given(PHOTO, uploaded, retitled).when(retitle).then()
    given(PHOTO, uploaded).when(TitlePhoto(PHOTO_ID, None)).then(PhotoTitled(ANN, PHOTO_ID, None))
    given(PHOTO, uploaded).when(TitlePhoto(PHOTO_ID, " Blue cup\n")).then()


def test_tags_are_each_kept_once_and_only_told_when_they_differ() -> None:
    given(PHOTO, uploaded).when(tag).then(tagged)
    given(PHOTO, uploaded, tagged).when(tag).then()
    given(PHOTO, uploaded, tagged).when(TagPhoto(PHOTO_ID, ["kitchen", "Blue", "BLUE"])).then()
    given(PHOTO, uploaded, tagged).when(TagPhoto(PHOTO_ID, [])).then(PhotoTagged(ANN, PHOTO_ID, None))
    given(PHOTO, uploaded, tagged, PhotoTagged(ANN, PHOTO_ID, None)).when(TagPhoto(PHOTO_ID, [])).then()


@pytest.mark.parametrize(
    ("texts", "refusal"),
    [
        ([" "], TagNotAllowed("empty", LONGEST_TAG)),
        (["x" * (LONGEST_TAG + 1)], TagNotAllowed("too-long", LONGEST_TAG)),
        (["a\nb"], TagNotAllowed("control-character", LONGEST_TAG)),
        ([str(n) for n in range(MOST_TAGS + 1)], TooManyTags(MOST_TAGS)),
    ],
)
def test_tags_that_could_mislead_or_are_too_many_are_refused(texts: list[str], refusal: Refused) -> None:
    given(PHOTO, uploaded).when(TagPhoto(PHOTO_ID, texts)).refused(refusal)


def test_a_photo_goes_into_the_bin_and_comes_back_as_it_was() -> None:
    given(PHOTO, uploaded).when(discard).then(discarded)
    given(PHOTO, uploaded, discarded).when(discard).then()
    given(PHOTO, uploaded, discarded).when(restore).then(restored)
    given(PHOTO, uploaded, discarded, restored).when(retitle).then(retitled)
    for command in (retitle, tag):
        given(PHOTO, uploaded, discarded).when(command).refused(PhotoUnknown(PHOTO_ID))
    given(PHOTO, uploaded).when(restore).refused(PhotoUnknown(PHOTO_ID))


def test_a_photo_is_deleted_for_good_out_of_the_bin_only() -> None:
    given(PHOTO, uploaded).when(delete).refused(PhotoUnknown(PHOTO_ID))
    given(PHOTO, uploaded, discarded).when(delete).then(deleted)
    for command in (retitle, discard, restore, delete):
        given(PHOTO, uploaded, discarded, deleted).when(command).refused(PhotoUnknown(PHOTO_ID))


def test_only_what_lay_in_the_bin_for_its_time_expires() -> None:
    early = DeletePhoto(PHOTO_ID, NOON + IN_THE_BIN - timedelta(seconds=1), expired=True)
    late = DeletePhoto(PHOTO_ID, NOON + IN_THE_BIN, expired=True)
    given(PHOTO, uploaded, discarded).when(early).then()
    given(PHOTO, uploaded, discarded).when(late).then(PhotoDeleted(ANN, PHOTO_ID, late.at))
    again = PhotoDiscarded(ANN, PHOTO_ID, NOON + timedelta(days=10))
    given(PHOTO, uploaded, discarded, restored).when(late).then()
    given(PHOTO, uploaded, discarded, restored, again).when(late).then()
    given(PHOTO, uploaded, discarded, deleted).when(late).then()


def test_a_deletion_is_receipted_once() -> None:
    given(PHOTO, uploaded, discarded, deleted).when(receipt).then(erased)
    given(PHOTO, uploaded, discarded, deleted, erased).when(receipt).then()
    given(PHOTO, uploaded).when(receipt).then()


def test_a_history_tells_each_change_in_the_persons_words() -> None:
    happened: tuple[PhotoEvent, ...] = (uploaded, retitled, tagged, discarded, restored, discarded, deleted, erased)
    changes = [change(version, NOON, event) for version, event in enumerate(happened, start=1)]
    told = ["uploaded", "renamed", "tagged", "deleted", "restored", "deleted", "erased", "erased"]
    assert [each.what for each in changes] == told
    assert [each.details for each in changes[:3]] == [
        {"title": "Blue cup"},
        {"title": "Green cup"},
        {"tags": ["kitchen", "Blue"]},
    ]
    assert [each.version for each in newest_first(changes, 4, 2)] == [3, 2]


def test_what_was_never_uploaded_is_unknown() -> None:
    given(PHOTO).when(retitle).refused(PhotoUnknown(PHOTO_ID))
    given(PHOTO).when(discard).refused(PhotoUnknown(PHOTO_ID))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \t ", "empty"),
        ("x" * (LONGEST + 1), "too-long"),
        ("a\x00b", "control-character"),
        ("a\nb", "control-character"),
        ("cup\u202egpj.exe", "control-character"),
        ("a\u2028b", "control-character"),
        ("\ud800", "control-character"),
    ],
)
def test_a_title_that_could_mislead_is_refused(text: str, reason: str) -> None:
    given(PHOTO, uploaded).when(TitlePhoto(PHOTO_ID, text)).refused(TitleNotAllowed(reason, LONGEST))


def test_a_title_is_kept_in_one_form() -> None:
    assert title("  Tasse a\u0300 cafe\u0301 ") == "Tasse à café"
    joined = "\U0001f468\u200d\U0001f467 \u06a9\u062a\u0627\u0628\u200c\u0647\u0627"
    assert title(joined) == joined
    assert title("x" * LONGEST) == "x" * LONGEST
