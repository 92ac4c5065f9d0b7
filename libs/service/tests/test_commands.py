"""The command line that all services share."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from nexoraz.service import logging as logs
from nexoraz.service.commands import Commands, run
from nexoraz.service.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    pass


def commands(root: Path, migrate: Any, documents: Mapping[str, str] | None = None) -> Commands[Settings]:
    return Commands(
        name="shop",
        version="1",
        root=root,
        settings=Settings,
        web=lambda _: Flask("shop"),
        worker=lambda _: None,
        migrate=migrate,
        rebuild=lambda _, names: [f"{name}: done" for name in names],
        documents=lambda: documents or {},
        also_logs=frozenset({"order_id"}),
    )


def test_a_service_logs_its_own_ids_and_no_other_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("NEXORAZ_DATABASE_URL", "postgresql://nowhere")

    def migrate(_: Settings) -> None:
        logs.get_logger().info("order kept", order_id="o-1", title="private")

    assert run(commands(tmp_path, migrate), ["migrate"]) == 0
    sys.stdout.flush()
    [line] = [json.loads(text) for text in capfdbinary.readouterr().out.splitlines() if b"order kept" in text]
    assert line["order_id"] == "o-1" and "title" not in line


def test_missing_settings_are_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NEXORAZ_DATABASE_URL", raising=False)
    assert run(commands(tmp_path, lambda _: None), ["migrate"]) == 2
    assert "NEXORAZ_DATABASE_URL is missing" in capsys.readouterr().err


def test_generated_documents_are_written_and_checked(tmp_path: Path) -> None:
    described = commands(tmp_path, lambda _: None, {"schemas/a.v1.json": "{}\n"})
    assert run(described, ["generate", "--check"]) == 1
    assert run(described, ["generate"]) == 0
    assert run(described, ["generate", "--check"]) == 0
    assert (tmp_path / "schemas/a.v1.json").read_text() == "{}\n"
