"""The words a person gives a photo."""

import unicodedata
from dataclasses import dataclass

from nexoraz.events.decider import Refused

LONGEST = 120
"""In characters, after normalisation."""
REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that show text in another order than it has: with them a name can pretend to be another one."""


@dataclass
class TitleNotAllowed(Refused):
    """reason: empty, too-long or control-character. longest: in characters."""

    reason: str
    longest: int


def title(text: str) -> str:
    """The title as it is kept: NFC, without spaces around. Raises TitleNotAllowed."""
    kept = unicodedata.normalize("NFC", text).strip()
    if not kept:
        raise TitleNotAllowed("empty", LONGEST)
    if len(kept) > LONGEST:
        raise TitleNotAllowed("too-long", LONGEST)
    if misleads(kept):
        raise TitleNotAllowed("control-character", LONGEST)
    return kept


def misleads(text: str) -> bool:
    """Whether it holds what breaks lines or shows other words than it has."""
    return any(_controls(character) for character in text)


def _controls(character: str) -> bool:
    return character in REORDERING or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
