"""Decisions about a photo."""

import pytest

from nexoraz.assets.domain.events import PhotoTitled
from nexoraz.assets.domain.photo import PHOTO, PhotoUnknown, TitlePhoto
from nexoraz.assets.domain.title import LONGEST, TitleNotAllowed, title
from nexoraz.events.testing import given
from services.assets.tests.examples import (
    ANN,
    PHOTO_ID,
    delete,
    deleted,
    retitle,
    retitled,
    upload,
    uploaded,
)


def test_a_photo_is_uploaded_once() -> None:
    given(PHOTO).when(upload).then(uploaded)
    given(PHOTO, uploaded).when(upload).then()
    given(PHOTO, uploaded, deleted).when(upload).then()


def test_a_title_is_given_anew_and_only_when_it_differs() -> None:
    given(PHOTO, uploaded).when(retitle).then(retitled)
    given(PHOTO, uploaded, retitled).when(retitle).then()
    given(PHOTO, uploaded).when(TitlePhoto(PHOTO_ID, None)).then(PhotoTitled(ANN, PHOTO_ID, None))
    given(PHOTO, uploaded).when(TitlePhoto(PHOTO_ID, " Blue cup\n")).then()


def test_a_photo_is_deleted_once_and_for_good() -> None:
    given(PHOTO, uploaded).when(delete).then(deleted)
    given(PHOTO, uploaded, deleted).when(delete).then()
    given(PHOTO, uploaded, deleted).when(retitle).refused(PhotoUnknown(PHOTO_ID))


def test_what_was_never_uploaded_is_unknown() -> None:
    given(PHOTO).when(retitle).refused(PhotoUnknown(PHOTO_ID))
    given(PHOTO).when(delete).refused(PhotoUnknown(PHOTO_ID))


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
