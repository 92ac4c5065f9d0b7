"""The contract of a bucket, through the sealed objects that live in it. Every adapter passes it: subclass and provide
the fixtures `bucket` (a Bucket, versioned, empty) and `vault`.

    class TestMemoryBucket(BucketContract):
        @pytest.fixture
        def bucket(self): return MemoryBucket()
"""

import hashlib
import io
from collections.abc import Iterator

import pytest

from nexoraz.events.buckets import Bucket, Deleted, ObjectMissing
from nexoraz.events.classification import Personal
from nexoraz.events.objects import ObjectKind, Objects, OutOfRange, TooLarge
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.segments import SEGMENT
from nexoraz.events.vault import Tampered, Vault

KIND = ObjectKind("photos", Personal("user.content.private", purpose="content"))
ANN, BOB = "ann", "bob"
MIB = 1024 * 1024


def pattern(size: int) -> bytes:
    """Bytes in which every position can be told from its neighbours."""
    return (b"%08x" * 64 % tuple(range(64)) * (size // 512 + 1))[:size]


class BucketContract:
    """What the port promises (buckets.py) and what Objects makes of it."""

    @pytest.fixture
    def objects(self, bucket: Bucket, vault: Vault) -> Objects:
        return Objects(bucket, vault)

    def put(self, objects: Objects, content: bytes, object_id: str = "1", account: str = ANN) -> None:
        info = objects.put_stream(account, KIND, object_id, io.BytesIO(content), len(content))
        assert (info.size, info.sha256) == (len(content), hashlib.sha256(content).hexdigest())

    def read(self, objects: Objects, start: int = 0, end: int | None = None, object_id: str = "1") -> bytes:
        return b"".join(objects.open_range(ANN, KIND, object_id, start, end))

    @pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 6 * MIB + 5])
    def test_what_was_put_is_read(self, objects: Objects, size: int) -> None:
        self.put(objects, pattern(size))
        assert self.read(objects) == pattern(size)
        assert objects.size(ANN, KIND, "1") == size

    def test_an_iterator_of_uneven_chunks_is_a_stream_too(self, objects: Objects) -> None:
        content = pattern(300_000)
        chunks = (content[at : at + 7_777] for at in range(0, len(content), 7_777))
        assert objects.put_stream(ANN, KIND, "1", chunks, 300_000).size == 300_000
        assert self.read(objects) == content

    def test_ranges_are_right_at_every_edge(self, objects: Objects) -> None:
        size = 3 * SEGMENT + 100
        content = pattern(size)
        self.put(objects, content)
        edges = {0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT, 3 * SEGMENT - 1, 3 * SEGMENT, size - 1}
        for start in sorted(edges):
            for end in sorted({*edges, size, size + 1, size + SEGMENT}):
                assert self.read(objects, start, end) == content[start:end], (start, end)
            assert self.read(objects, start) == content[start:]

    @pytest.mark.parametrize("size", [0, 100, SEGMENT, 2 * SEGMENT])
    @pytest.mark.parametrize("beyond", [0, 1, SEGMENT, 10 * SEGMENT])
    def test_a_range_after_the_end_is_refused_with_the_size(self, objects: Objects, size: int, beyond: int) -> None:
        self.put(objects, pattern(size))
        if size == beyond == 0:
            assert self.read(objects, 0) == b""
            return
        with pytest.raises(OutOfRange) as refused:
            self.read(objects, size + beyond)
        assert refused.value.size == size

    @pytest.mark.parametrize("limit", [0, 10, SEGMENT, 6 * MIB])
    def test_a_stream_above_its_limit_leaves_nothing(self, objects: Objects, limit: int) -> None:
        with pytest.raises(TooLarge) as refused:
            objects.put_stream(ANN, KIND, "1", io.BytesIO(pattern(limit + 1)), limit)
        assert refused.value.limit == limit
        assert list(objects.bucket.found("")) == []

    def test_a_stream_that_breaks_leaves_nothing(self, objects: Objects) -> None:
        def broken() -> Iterator[bytes]:
            yield pattern(7 * MIB)
            raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            objects.put_stream(ANN, KIND, "1", broken(), 100 * MIB)
        assert list(objects.bucket.found("")) == []

    def test_what_is_not_there_is_missing(self, objects: Objects) -> None:
        with pytest.raises(ObjectMissing):
            self.read(objects)
        with pytest.raises(ObjectMissing):
            self.read(objects, SEGMENT * 5)
        with pytest.raises(ObjectMissing):
            objects.size(ANN, KIND, "1")
        with pytest.raises(ObjectMissing):
            objects.release(ANN, KIND, "1")

    def test_putting_again_replaces_and_repeats_no_byte(self, objects: Objects) -> None:
        self.put(objects, pattern(1000))
        before = b"".join(objects.raw(ANN, KIND, "1"))
        self.put(objects, pattern(1000))
        assert b"".join(objects.raw(ANN, KIND, "1"))[:16] != before[:16]
        self.put(objects, b"third")
        assert self.read(objects) == b"third"

    def test_all_versions_of_an_account_go_and_those_of_others_stay(self, objects: Objects) -> None:
        for content in (b"one", b"two"):
            self.put(objects, content)
        self.put(objects, b"other", "2")
        self.put(objects, b"of bob", account=BOB)
        assert objects.delete_all_versions(f"{ANN}/") == Deleted(objects=2, versions=3)
        assert list(objects.bucket.found(f"{ANN}/")) == [] and objects.ids(ANN, KIND) == []
        assert objects.delete_all_versions(f"{ANN}/") == Deleted()
        assert b"".join(objects.open_range(BOB, KIND, "1")) == b"of bob"

    def test_one_object_goes_without_its_namesakes(self, objects: Objects) -> None:
        for object_id in ("1", "10", "1.b"):
            self.put(objects, b"x", object_id)
        assert objects.delete(ANN, KIND, "1").objects == 1
        assert objects.ids(ANN, KIND) == ["1.b", "10"]
        with pytest.raises(ObjectMissing):
            self.read(objects)

    def test_nothing_is_stored_or_read_for_a_closed_account(self, objects: Objects, vault: Vault) -> None:
        self.put(objects, b"x")
        vault.destroy(ANN)
        with pytest.raises(KeyDestroyed):
            self.put(objects, b"y", "2")
        with pytest.raises(KeyDestroyed):
            self.read(objects)
        with pytest.raises(KeyDestroyed):
            objects.release(ANN, KIND, "1")

    def test_an_upload_that_outlives_its_account_leaves_nothing(self, objects: Objects, vault: Vault) -> None:
        def overtaken() -> Iterator[bytes]:
            yield pattern(SEGMENT * 3)
            vault.destroy(ANN)
            objects.delete_all_versions(f"{ANN}/")
            yield b"the rest"

        with pytest.raises(KeyDestroyed):
            objects.put_stream(ANN, KIND, "1", overtaken(), 100 * MIB)
        assert list(objects.bucket.found("")) == []

    def test_plaintext_is_not_stored(self, objects: Objects) -> None:
        self.put(objects, b"canary" * 1000)
        assert b"canary" not in b"".join(objects.raw(ANN, KIND, "1"))

    def test_one_objects_bytes_do_not_open_as_anothers(self, objects: Objects) -> None:
        self.put(objects, b"one", "1")
        _, salt, _ = objects.bucket.size("ann/photos/1")
        objects.bucket.put("ann/photos/2", io.BytesIO(b"".join(objects.raw(ANN, KIND, "1"))), salt)
        with pytest.raises(Tampered):
            self.read(objects, object_id="2")

    def test_stored_bytes_that_were_cut_or_altered_do_not_open(self, objects: Objects) -> None:
        self.put(objects, pattern(2 * SEGMENT + 10))
        stored = b"".join(objects.raw(ANN, KIND, "1"))
        _, salt, _ = objects.bucket.size("ann/photos/1")
        whole = SEGMENT + 16
        for damaged in (
            stored[:-1], stored[: 2 * whole], stored[:whole], b"", stored[whole:] + stored[:whole],
            stored[:whole] * 2 + stored[2 * whole :], stored + stored[-26:], stored[:100] + b"!" + stored[101:],
        ):  # fmt: skip
            objects.bucket.put("ann/photos/1", io.BytesIO(damaged), salt)
            with pytest.raises(Tampered):
                self.read(objects)
            with pytest.raises((Tampered, OutOfRange)):
                self.read(objects, 0, SEGMENT) + self.read(objects, SEGMENT, 10 * SEGMENT)
