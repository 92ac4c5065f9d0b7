"""What a photo is found by, and how well: words of its title, their beginnings, tags, dates, presets."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.decider import Refused

WORD = re.compile(r"\d{4}(?:-\d{2}){1,2}(?!\d)|[^\W_]+")
"""A date as ISO 8601 writes it, or letters and digits in a row."""
SHORTEST_PREFIX, LONGEST_WORD = 2, 24
"""In characters. What is longer is found by its first 24."""
MOST_WORDS = 6
"""Of one question."""
EXACT, PREFIX, TAG, FACT = "exact", "prefix", "tag", "fact"
SCORES = {EXACT: 8, PREFIX: 4, TAG: 2, FACT: 1}
"""By kind of term: a title's whole word before its beginning, that before a tag, that before a date or a preset."""


@dataclass(frozen=True, slots=True)
class Term:
    """kind: a key of SCORES. text: normalised."""

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.text}"


@dataclass
class NothingToSearch(Refused):
    """The question holds no word."""


@dataclass
class TooManyWords(Refused):
    """The question holds more words than are looked for at once."""

    limit: int


def words(text: str) -> list[str]:
    """Without case and accents, in their order."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return [word[:LONGEST_WORD] for word in WORD.findall(plain)]


def title_terms(title: str | None) -> set[Term]:
    found = set(words(title or ""))
    return {Term(EXACT, word) for word in found} | {Term(PREFIX, part) for word in found for part in _beginnings(word)}


def tag_terms(tags: Iterable[str]) -> set[Term]:
    """Tags are found by the beginnings of their words, too."""
    return {Term(TAG, part) for tag in tags for word in words(tag) for part in (*_beginnings(word), word)}


def date_terms(at: datetime) -> set[Term]:
    """The year, the month and the day of a moment in UTC."""
    day = f"{at:%Y-%m-%d}"
    return {Term(FACT, part) for part in (day[:4], day[:7], day)}


def preset_terms(preset: str) -> set[Term]:
    return {Term(FACT, word) for word in words(preset)}


def wanted(question: str) -> Sequence[Sequence[Term]]:
    """For each word of the question the terms that it matches, the best first; a photo is found when it has one for
    every word. Raises NothingToSearch and TooManyWords."""
    asked = list(dict.fromkeys(words(question)))
    if not asked:
        raise NothingToSearch
    if len(asked) > MOST_WORDS:
        raise TooManyWords(MOST_WORDS)
    return [[Term(kind, word) for kind in SCORES] for word in asked]


def _beginnings(word: str) -> list[str]:
    return [word[:length] for length in range(SHORTEST_PREFIX, len(word) + 1)]
