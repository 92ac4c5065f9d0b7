"""Documents that are made from the code and committed beside it: API descriptions, schemas, data maps.

`python -m nexoraz.<service> generate` writes them; a test in each service fails when what is committed is stale.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

_OWNED = ("schemas/*.json",)
"""Where a file that is no longer made is removed."""


def as_json(document: Any) -> str:
    """Indented JSON with its keys in order, the same for the same content."""
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2).decode() + "\n"


def write(root: Path, documents: Mapping[str, str]) -> None:
    """Write each document to its path under `root`, and remove what is left over from before."""
    for leftover in _leftovers(root, documents):
        (root / leftover).unlink()
    for name, text in documents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def stale(root: Path, documents: Mapping[str, str]) -> list[str]:
    """The paths under `root` that are missing, differ or are left over; none when all is as the code says."""
    differing = [name for name, text in documents.items() if _read(root / name) != text]
    return sorted([*differing, *_leftovers(root, documents)])


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _leftovers(root: Path, documents: Mapping[str, str]) -> Iterable[str]:
    found = [path.relative_to(root).as_posix() for pattern in _OWNED for path in root.glob(pattern)]
    return [name for name in found if name not in documents]
