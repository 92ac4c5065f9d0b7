"""A test process leaves no folder behind, however it ends."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nexoraz.local.testing import folders
from nexoraz.local.testing.folders import own_folder

HOLDS = """
import sys, time
from pathlib import Path

import pytest
from nexoraz.local.testing.folders import own_folder
with own_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_a_used_one_stays(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    left = Path(killed.stdout.readline().strip())
    with own_folder(tmp_path) as first:
        assert left.is_dir(), "its process lives"
        killed.kill()
        killed.wait()
        killed.stdout.close()
        with own_folder(tmp_path) as second:
            assert not left.exists()
            assert {first, second} == set(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_room_the_temporary_files_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "ROOM", 2**62)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    with own_folder(tmp_path) as folder:
        assert folder.parent == tmp_path / "elsewhere"
