"""Folders and ports of one test, away from everybody else's."""

from pathlib import Path

import pytest

from nexoraz.local import ports
from nexoraz.local.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(Path(__file__).parents[3], tmp_path / "var", ports.free_range(41))
