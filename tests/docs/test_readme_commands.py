"""The README's journey by curl is what works: its lines run as they stand, in one shell, against the suite."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.journey.demo import ROOT, sample
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

MADE = ("picture.jpg", "export.zip", "request.json", "certificate.json", "keys.json")


def journey() -> str:
    """The shell block of the README's section about curl."""
    section = (ROOT / "README.md").read_text().partition("## The API by curl")[2]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return block[1]


def test_the_journey_by_curl_runs_as_it_is_written(suite: RunningSuite, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    environment = {
        "PATH": os.environ["PATH"],
        "API": suite.places.suite,
        "VAR": str(suite.var),
        "PHOTO": str(sample()),
    }
    done = subprocess.run(
        ["sh", "-e", "-c", journey()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    assert all((tmp_path / name).stat().st_size > 0 for name in MADE)
    assert (tmp_path / "export.zip").read_bytes()[:2] == b"PK"
    assert "GENUINE. Erasure certificate" in done.stdout
    assert "event: completed" in done.stdout
    assert "sign-in-refused" in done.stdout.splitlines()[-1]
