"""Engines keep what the worker relies on, and the one that the settings name is the one that renders."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from borrowed_engine import BorrowedEngine

from nexoraz.render.adapters.engine_processes import EngineProcesses
from nexoraz.render.adapters.memory import FakeEngine
from nexoraz.render.bootstrap import EXAMPLE, build
from nexoraz.service.settings import SettingsInvalid
from services.render.tests.engine_contract import EngineContract, PictureContract

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


class TestFake(EngineContract):
    @pytest.fixture
    def engine(self) -> FakeEngine:
        return FakeEngine()


class TestProcesses(PictureContract):
    @pytest.fixture
    def engine(self) -> Iterator[EngineProcesses]:
        engine = EngineProcesses(1, None)
        yield engine
        engine.close()


class TestBorrowed(PictureContract):
    @pytest.fixture
    def engine(self) -> BorrowedEngine:
        return BorrowedEngine(1, None)


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that offers the borrowed engine, as an installer leaves it."""
    information = tmp_path / "borrowed-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: borrowed\nVersion: 1.0\n")
    offered = "[nexoraz.render.engines]\nborrowed = borrowed_engine:BorrowedEngine\n"
    (information / "entry_points.txt").write_text(offered)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("_installed")
def test_the_engine_that_the_settings_name_is_the_one_that_renders() -> None:
    assert isinstance(build(replace(EXAMPLE, engine="borrowed")).engine, BorrowedEngine)
    assert isinstance(build(EXAMPLE).engine, EngineProcesses)


@pytest.mark.usefixtures("_installed")
def test_an_engine_that_nothing_offers_starts_nothing_and_is_told_which_there_are() -> None:
    with pytest.raises(SettingsInvalid, match=r"'gpu'.* borrowed, processes"):
        build(replace(EXAMPLE, engine="gpu"))
