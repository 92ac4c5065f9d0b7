"""The migrations of each service are one chain: two that meet under one number would leave one of them out."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _revisions(service: Path) -> list[tuple[str, str | None]]:
    """(revision, the one before) as the files of a service assign them."""
    found = []
    for file in sorted((service / "migrations" / "versions").glob("*.py")):
        assigned = {
            target.id: ast.literal_eval(node.value)
            for node in ast.parse(file.read_text()).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and "revision" in target.id
        }
        found.append((assigned["revision"], assigned["down_revision"]))
    return found


@pytest.mark.parametrize("service", sorted((ROOT / "services").iterdir()), ids=lambda folder: folder.name)
def test_migrations_are_one_chain(service: Path) -> None:
    revisions = _revisions(service)
    names = [name for name, _ in revisions]
    assert sorted(names) == sorted(set(names)), "a revision is there twice"
    assert len({before for _, before in revisions}) == len(revisions), "two revisions follow the same one"
    assert {before for _, before in revisions} - {None} < set(names) or len(names) == 1, "one follows nothing known"
