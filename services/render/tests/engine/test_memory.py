"""What a render may cost, measured in a process of its own.

The kernel's high-water mark of that process is read (VmHWM): the one that getrusage reports begins with its parent's.
"""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

SCRIPT = """
import json, sys
from pathlib import Path
from nexoraz.render.engine import limits
limits.hold_process(1 << 30)
import pyvips
from nexoraz.render.engine.choice import choose
from nexoraz.render.engine.pipeline import Engine
from nexoraz.render.engine.refusals import Refusal
from nexoraz.render.presets.catalogue import find
model_dir, photo, preset = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
engine = Engine(choose(model_dir))
try:
    outcome = engine.render(photo, find(preset)).engine
except Refusal as refused:
    outcome = type(refused).__name__
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([outcome, int(peak.split()[1]) / 1024]))
"""


def measured(model_dir: Path, photo: Path, preset: str) -> tuple[str, float]:
    """How a render ended, and the most memory that its process ever held, in MB."""
    command = [sys.executable, "-c", SCRIPT, str(model_dir), str(photo), preset]
    outcome, peak = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return outcome, peak


@pytest.fixture(scope="module")
def twelve_megapixels(coffee: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "large.jpg"
    photo = Image.open(io.BytesIO(coffee)).convert("RGB").resize((4243, 2829), Image.Resampling.BICUBIC)
    photo.save(path, "JPEG", quality=92)
    return path


@pytest.mark.parametrize("preset", ["marketplace-white", "cutout-transparent"])
def test_a_photo_of_twelve_megapixels_needs_at_most_400_mb(
    model_dir: Path, twelve_megapixels: Path, preset: str
) -> None:
    outcome, peak = measured(model_dir, twelve_megapixels, preset)
    assert outcome in ("neural", "classical")
    assert peak <= 400


def test_a_hundred_megapixels_cost_no_more_than_their_header(model_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "hundred.png"
    Image.new("L", (10_000, 10_000), 200).save(path, "PNG")
    outcome, peak = measured(model_dir, path, "marketplace-white")
    assert outcome == "PictureTooLarge"
    assert peak <= 160
