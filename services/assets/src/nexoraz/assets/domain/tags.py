"""The tags a person gives a photo: a few short words of their own, each once."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from nexoraz.assets.domain.title import misleads
from nexoraz.events.decider import Refused

LONGEST_TAG = 40
"""In characters, after normalisation."""
MOST_TAGS = 20


@dataclass
class TagNotAllowed(Refused):
    """reason: empty, too-long or control-character. longest: in characters."""

    reason: str
    longest: int


@dataclass
class TooManyTags(Refused):
    """More tags than one photo may have."""

    limit: int


def tags(texts: Sequence[str]) -> tuple[str, ...]:
    """The tags as they are kept: NFC, without spaces around, each once whatever its case, in the order given. Raises
    TagNotAllowed or TooManyTags."""
    kept: dict[str, str] = {}
    for text in texts:
        word = _tag(text)
        kept.setdefault(word.casefold(), word)
    if len(kept) > MOST_TAGS:
        raise TooManyTags(MOST_TAGS)
    return tuple(kept.values())


def _tag(text: str) -> str:
    word = unicodedata.normalize("NFC", text).strip()
    if not word:
        raise TagNotAllowed("empty", LONGEST_TAG)
    if len(word) > LONGEST_TAG:
        raise TagNotAllowed("too-long", LONGEST_TAG)
    if misleads(word):
        raise TagNotAllowed("control-character", LONGEST_TAG)
    return word
