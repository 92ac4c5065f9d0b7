"""The command line that all services share."""

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from nexoraz.service import logging as logs
from nexoraz.service.commands import Command, Commands, run
from nexoraz.service.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    pass


class MemoryDesk:
    """Failed work in a dict: id → what it is."""

    def __init__(self, work: dict[int, str]) -> None:
        self.work = work

    def list(self) -> Sequence[str]:
        return [f"{id_} {what}" for id_, what in self.work.items()]

    def show(self, id: int) -> Sequence[str] | None:
        return [self.work[id]] if id in self.work else None

    def redrive(self, id: int) -> bool:
        return self.work.pop(id, None) is not None

    discard = redrive


DESKS = {"letters": MemoryDesk({7: "lost"}), "tasks": MemoryDesk({})}


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
        desks=lambda _: DESKS,
        upkeep=lambda _: {"rotate": lambda say: say("10 keys") or 0, "sweep": lambda say: say("one left") or 1},
        restored=lambda _, since: [f"closed since {since}"],
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


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands[Settings]:
    monkeypatch.setenv("NEXORAZ_DATABASE_URL", "postgresql://nowhere")
    DESKS["letters"].work = {7: "lost"}
    return commands(tmp_path, lambda _: None)


def test_a_job_tells_its_lines_and_gives_its_status(
    shop: Commands[Settings], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(shop, ["rotate"]) == 0
    assert run(shop, ["sweep"]) == 1
    assert capfd.readouterr().out == "10 keys\none left\n"


def test_an_operator_sees_work_on_standard_output_and_leaves_a_line_in_the_log(
    shop: Commands[Settings], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(shop, ["letters", "list"]) == 0
    assert run(shop, ["tasks", "list"]) == 0
    assert run(shop, ["letters", "show", "7"]) == 0
    assert run(shop, ["letters", "redrive", "7"]) == 0
    told = capfd.readouterr()
    assert told.out == "7 lost\nnone\nlost\n7: tried again now\n"
    lines = [json.loads(line) for line in told.err.splitlines()]
    assert [(x["desk"], x["action"], x.get("id"), x["done"]) for x in lines] == [
        ("letters", "list", None, True),
        ("tasks", "list", None, True),
        ("letters", "show", 7, True),
        ("letters", "redrive", 7, True),
    ]
    assert all(line["operator"] and line["service"] == "shop" for line in lines)


def test_nothing_is_discarded_unless_it_is_meant(shop: Commands[Settings], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(shop, ["letters", "discard", "7"]) == 2
    assert DESKS["letters"].work == {7: "lost"}
    assert "--yes" in capfd.readouterr().err
    assert run(shop, ["letters", "discard", "7", "--yes"]) == 0
    assert DESKS["letters"].work == {}


def test_an_id_that_is_not_there_is_told_and_logged(
    shop: Commands[Settings], capfd: pytest.CaptureFixture[str]
) -> None:
    assert [run(shop, ["letters", *words]) for words in (["show", "8"], ["redrive", "8"])] == [1, 1]
    assert capfd.readouterr().err.count('"done":false') == 2


def test_a_service_may_have_commands_of_its_own(shop: Commands[Settings], capfd: pytest.CaptureFixture[str]) -> None:
    def greet(_: Settings, arguments: argparse.Namespace) -> int:
        logs.get_logger().warning("operator command", done=True)
        sys.stdout.write(f"hello {arguments.name}\n")
        return 3

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name")

    own = Command[Settings]("greet", "say hello", add_arguments, greet)
    assert run(dataclasses.replace(shop, others=[own]), ["greet", "Ann"]) == 3
    told = capfd.readouterr()
    assert told.out == "hello Ann\n"
    assert '"done":true' in told.err


def test_help_shows_examples(shop: Commands[Settings], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(shop, ["tasks", "--help"])
    assert "python -m nexoraz.shop tasks discard 17 --yes" in capsys.readouterr().out
