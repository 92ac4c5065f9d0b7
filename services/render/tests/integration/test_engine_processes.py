"""The engine's processes: replaced when they die or hang, side by side, gone with their worker."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest

from nexoraz.render.adapters.engine_processes import EngineFailed, EngineProcesses
from nexoraz.render.application.ports import EngineStopped, RenderRefused

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]
PRESET = "marketplace-white"


@pytest.fixture(scope="module")
def cup() -> bytes:
    return (files("skimage") / "data" / "coffee.png").read_bytes()


@pytest.fixture
def engine() -> Iterator[EngineProcesses]:
    engine = EngineProcesses(1, None)
    yield engine
    engine.close()


def nothing(_stage: str, _percent: int) -> None:
    pass


def alive(pid: int) -> bool:
    """Whether it runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_a_real_photo_becomes_a_real_picture_by_way_of_its_stages(engine: EngineProcesses, cup: bytes) -> None:
    stages: list[tuple[str, int]] = []
    picture = engine.render(cup, PRESET, lambda stage, percent: stages.append((stage, percent)))
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 2000, 2000)
    assert (picture.engine, picture.fallback) == ("classical", True)
    assert [name for name, _ in stages] == ["decode", "cut-out", "refine", "compose", "encode", "encode"]
    assert [percent for _, percent in stages] == sorted(percent for _, percent in stages)


def test_a_refusal_keeps_its_figures_and_its_process(engine: EngineProcesses, cup: bytes) -> None:
    small = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000010000000100802000000909168")
    refusals = []
    for photo in (b"GIF89a", cup[: len(cup) // 2], small):
        with pytest.raises(RenderRefused) as refused:
            engine.render(photo, PRESET, nothing)
        refusals.append((refused.value.reason, refused.value.facts))
        [pid] = engine.pids()
    assert refusals[0] == ("unsupported-type", {})
    assert refusals[1][0] == "picture-truncated"
    assert engine.pids() == [pid]


def test_a_process_killed_in_the_middle_fails_that_render_and_no_other(engine: EngineProcesses, cup: bytes) -> None:
    def kill(_stage: str, _percent: int) -> None:
        os.kill(engine.pids()[0], signal.SIGKILL)

    with pytest.raises(EngineFailed) as failed:
        engine.render(cup, PRESET, kill)
    assert (failed.value.kind, engine.pids()) == ("process-died", [])
    assert engine.render(cup, PRESET, nothing).width == 2000


def test_a_process_that_died_while_idle_costs_no_render(engine: EngineProcesses, cup: bytes) -> None:
    engine.render(cup, PRESET, nothing)
    [pid] = engine.pids()
    os.kill(pid, signal.SIGKILL)
    until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None)
    assert engine.render(cup, PRESET, nothing).width == 2000


def test_a_render_that_takes_too_long_is_ended(cup: bytes) -> None:
    engine = EngineProcesses(1, None, longest_s=0.05)
    with pytest.raises(EngineFailed) as failed:
        engine.render(cup, PRESET, nothing)
    assert (failed.value.kind, engine.pids()) == ("too-slow", [])


def test_who_listens_may_end_a_render(engine: EngineProcesses, cup: bytes) -> None:
    def erased(_stage: str, _percent: int) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        engine.render(cup, PRESET, erased)
    assert engine.pids() == []


def test_as_many_render_side_by_side_as_there_are_processes(cup: bytes) -> None:
    engine = EngineProcesses(2, None)
    both = threading.Barrier(2, timeout=60)

    def render() -> int:
        met = False

        def meet(_stage: str, _percent: int) -> None:
            nonlocal met
            if not met:
                both.wait()
            met = True

        return engine.render(cup, PRESET, meet).width

    with ThreadPoolExecutor(2) as pool:
        assert [done.result(100) for done in [pool.submit(render), pool.submit(render)]] == [2000, 2000]
    assert len(engine.pids()) == 2
    engine.close()


def test_closing_ends_a_running_render_at_once(engine: EngineProcesses, cup: bytes) -> None:
    begun = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.render, cup, PRESET, lambda _stage, _percent: begun.set())
        assert begun.wait(60)
        at = time.monotonic()
        engine.close()
        with pytest.raises(EngineStopped):
            running.result(10)
    assert time.monotonic() - at < 3 and engine.pids() == []
    with pytest.raises(EngineStopped):
        engine.render(cup, PRESET, nothing)


WORKER = """
import sys
from nexoraz.render.adapters.engine_processes import EngineProcesses
engine = EngineProcesses(1, None)
def said(stage, percent):
    print(*engine.pids(), flush=True)
while True:
    engine.render(open(sys.argv[1], "rb").read(), "marketplace-white", said)
"""


def test_no_process_outlives_a_killed_worker(cup: bytes, tmp_path: Path) -> None:
    photo = tmp_path / "cup.png"
    photo.write_bytes(cup)
    command = [sys.executable, "-c", WORKER, str(photo)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        pid = int(worker.stdout.readline())
        assert alive(pid)
        worker.kill()
    until(lambda: not alive(pid), 5)


def test_a_process_may_not_take_all_memory(engine: EngineProcesses, cup: bytes) -> None:
    engine.render(cup, PRESET, nothing)
    limits = Path(f"/proc/{engine.pids()[0]}/limits").read_text()
    [line] = [line for line in limits.splitlines() if line.startswith("Max data size")]
    assert line.split()[3] == str(1 << 30)


@pytest.mark.parametrize("count", [0, -1])
def test_no_processes_are_no_engine(count: int) -> None:
    with pytest.raises(ValueError, match="can render nothing"):
        EngineProcesses(count, None)
