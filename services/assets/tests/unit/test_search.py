"""By what a photo is found."""

from datetime import UTC, datetime

import pytest

from nexoraz.assets.domain.events import PresetUsed
from nexoraz.assets.domain.rendered import RENDERED, NotePreset
from nexoraz.assets.domain.search import (
    EXACT,
    FACT,
    LONGEST_WORD,
    MOST_WORDS,
    PREFIX,
    SCORES,
    TAG,
    NothingToSearch,
    Term,
    TooManyWords,
    date_terms,
    preset_terms,
    tag_terms,
    title_terms,
    wanted,
    words,
)
from nexoraz.events.testing import given
from services.assets.tests.examples import ANN, PHOTO_ID


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Blue  CUP!", ["blue", "cup"]),
        ("Café_naïve", ["cafe", "naive"]),
        ("Straße", ["strasse"]),
        ("2026-01 or 2026-01-15", ["2026-01", "or", "2026-01-15"]),
        ("x" * 99, ["x" * LONGEST_WORD]),
        ("青い cup", ["青い", "cup"]),
        (" .,; ", []),
    ],
)
def test_words_are_compared_without_case_and_accents(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_title_is_found_by_its_words_and_their_beginnings() -> None:
    assert title_terms("Cup a") == {Term(EXACT, "cup"), Term(EXACT, "a"), Term(PREFIX, "cu"), Term(PREFIX, "cup")}
    assert title_terms(None) == set()


def test_tags_dates_and_presets_are_found_too() -> None:
    assert tag_terms(["Red hat", "x"]) == {Term(TAG, text) for text in ("re", "red", "ha", "hat", "x")}
    days = {Term(FACT, text) for text in ("2026", "2026-01", "2026-01-15")}
    assert date_terms(datetime(2026, 1, 15, 23, tzinfo=UTC)) == days
    assert preset_terms("marketplace-white") == {Term(FACT, "marketplace"), Term(FACT, "white")}


def test_a_question_wants_every_word_once_and_the_best_kind_first() -> None:
    [terms] = wanted("Cup CUP")
    assert [term.kind for term in terms] == [EXACT, PREFIX, TAG, FACT]
    assert [SCORES[term.kind] for term in terms] == sorted(SCORES.values(), reverse=True)
    assert {term.text for term in terms} == {"cup"}


def test_one_better_kind_outweighs_what_a_word_can_have_of_lesser_ones() -> None:
    ranked = sorted(SCORES.values())
    assert all(sum(ranked[:n]) < ranked[n] for n in range(1, len(ranked)))


def test_a_question_without_words_or_with_too_many_is_refused() -> None:
    with pytest.raises(NothingToSearch):
        wanted("?!")
    with pytest.raises(TooManyWords) as refused:
        wanted(" ".join(map(str, range(MOST_WORDS + 1))))
    assert refused.value == TooManyWords(MOST_WORDS)


def test_a_preset_is_noted_once() -> None:
    note, used = NotePreset(ANN, PHOTO_ID, "marketplace-white"), PresetUsed(ANN, PHOTO_ID, "marketplace-white")
    given(RENDERED).when(note).then(used)
    given(RENDERED, used).when(note).then()
    given(RENDERED, used).when(NotePreset(ANN, PHOTO_ID, "other")).then(PresetUsed(ANN, PHOTO_ID, "other"))
