"""What every adapter of the PhotoFiles port promises. Subclass it and provide the fixture `files`."""

import hashlib
from collections.abc import Iterator

import msgspec
import pytest

from nexoraz.assets.application.ports import PhotoFiles, Stored
from services.assets.tests.examples import ANN, BOB

CONTENT = bytes(range(256)) * 1000


class FilesContract:
    def put(self, files: PhotoFiles, photo_id: str = "p", content: bytes = CONTENT) -> Stored:
        pieces = (content[at : at + 70_000] for at in range(0, len(content), 70_000))
        return files.put(ANN, photo_id, pieces, 1_000_000)

    def test_what_was_put_is_read_whole_or_in_part(self, files: PhotoFiles) -> None:
        assert self.put(files) == Stored(len(CONTENT), hashlib.sha256(CONTENT).digest())
        assert b"".join(files.read(ANN, "p", 0, None)) == CONTENT
        assert b"".join(files.read(ANN, "p", 65_530, 131_080)) == CONTENT[65_530:131_080]

    def test_an_upload_that_breaks_leaves_nothing(self, files: PhotoFiles) -> None:
        def broken() -> Iterator[bytes]:
            yield CONTENT
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            files.put(ANN, "p", broken(), 1_000_000)
        with pytest.raises(LookupError):
            files.read(ANN, "p", 0, None)

    def test_what_is_deleted_is_gone_and_may_be_deleted_again(self, files: PhotoFiles) -> None:
        self.put(files)
        self.put(files, "other")
        files.delete(ANN, "p")
        files.delete(ANN, "p")
        for look in (lambda: files.read(ANN, "p", 0, None), lambda: files.release(ANN, "p")):
            with pytest.raises(LookupError):
                look()
        assert b"".join(files.read(ANN, "other", 0, 2)) == CONTENT[:2]

    def test_a_file_belongs_to_one_account(self, files: PhotoFiles) -> None:
        self.put(files)
        with pytest.raises(LookupError):
            files.read(BOB, "p", 0, None)

    def test_what_is_released_says_where_how_and_how_much(self, files: PhotoFiles) -> None:
        self.put(files)
        released = msgspec.json.decode(files.release(ANN, "p"))
        assert set(released) == {"url", "key", "size"} and released["size"] == len(CONTENT)
