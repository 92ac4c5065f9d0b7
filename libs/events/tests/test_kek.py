"""Key-encryption keys as files."""

from pathlib import Path

import pytest

from nexoraz.events.kek import EpochDestroyed, LocalKek, WrappedKeyDamaged

pytestmark = pytest.mark.real


class TestLocalKek:
    """One file per epoch."""

    def test_files_are_private_and_hold_32_bytes(self, kek: LocalKek, tmp_path: Path) -> None:
        kek.create(1)
        [file] = (tmp_path / "kek").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
        assert len(file.read_bytes()) == 32

    def test_creating_again_keeps_the_key(self, kek: LocalKek) -> None:
        kek.create(1)
        wrapped = kek.wrap(1, b"k" * 32, b"b")
        kek.create(1)
        assert kek.unwrap(1, wrapped, b"b") == b"k" * 32

    def test_destroying_overwrites_the_file_and_is_repeatable(self, kek: LocalKek, tmp_path: Path) -> None:
        kek.create(1)
        [file] = (tmp_path / "kek").iterdir()
        (tmp_path / "same file").hardlink_to(file)
        kek.destroy(1)
        kek.destroy(1)
        assert not file.exists() and (tmp_path / "same file").read_bytes() == bytes(32)
        with pytest.raises(EpochDestroyed):
            kek.wrap(1, bytes(32), b"")

    def test_a_key_file_of_zeros_or_cut_short_is_no_key(self, kek: LocalKek, tmp_path: Path) -> None:
        kek.create(1)
        [file] = (tmp_path / "kek").iterdir()
        for content in (bytes(32), b"short"):
            file.write_bytes(content)
            with pytest.raises(EpochDestroyed):
                kek.wrap(1, bytes(32), b"")

    def test_another_owner_or_an_altered_wrapping_does_not_open(self, kek: LocalKek) -> None:
        kek.create(1)
        wrapped = kek.wrap(1, b"k" * 32, b"ann")
        for altered, binding in ((wrapped, b"bob"), (wrapped[:-1] + b"x", b"ann"), (wrapped[:20], b"ann")):
            with pytest.raises(WrappedKeyDamaged):
                kek.unwrap(1, altered, binding)
