"""Committed documents are what the code makes."""

from pathlib import Path

from nexoraz.service.committed import as_json, stale, write


def test_what_was_written_is_not_stale(tmp_path: Path) -> None:
    documents = {"openapi.json": as_json({"b": 1, "a": [2]}), "schemas/x.v1.json": "{}\n"}
    write(tmp_path, documents)
    assert stale(tmp_path, documents) == []
    assert (tmp_path / "openapi.json").read_text() == '{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'


def test_missing_changed_and_left_over_documents_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"openapi.json": "old", "schemas/gone.v1.json": "{}"})
    documents = {"openapi.json": "new", "datamap.json": "{}"}
    assert stale(tmp_path, documents) == ["datamap.json", "openapi.json", "schemas/gone.v1.json"]
    write(tmp_path, documents)
    assert stale(tmp_path, documents) == []
