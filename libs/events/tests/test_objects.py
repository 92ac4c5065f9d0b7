"""Sealed objects in memory and on a real S3 service; ranges, releases, uploads left behind."""

import gc
import io
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from nexoraz.events.buckets import MemoryBucket, ObjectMissing, S3Bucket, StoreRefused, http_upload
from nexoraz.events.kek import LocalKek
from nexoraz.events.objects import BadName, Objects, OpenReleased, object_name
from nexoraz.events.segments import (
    SEGMENT,
    STORED_SEGMENT,
    open_segments,
    plain_size,
    regroup,
    seal_segments,
    stored_size,
)
from nexoraz.events.testing.bucket_contract import ANN, KIND, MIB, BucketContract, pattern
from nexoraz.events.vault import Tampered, Vault
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.real import Bucket as RealBucket

pytestmark = pytest.mark.real


@pytest.fixture
def vault(kernel_database: Engine, tmp_path: Path) -> Vault:
    kek = LocalKek(tmp_path / "kek")
    migrate_vault(kernel_database, kek)
    return Vault(kernel_database, kek)


@pytest.fixture
def s3_bucket(s3: RealBucket) -> S3Bucket:
    return S3Bucket(s3.client(), s3.bucket)


class TestMemoryBucket(BucketContract):
    @pytest.fixture
    def bucket(self) -> MemoryBucket:
        return MemoryBucket()


class TestS3Bucket(BucketContract):
    @pytest.fixture
    def bucket(self, s3_bucket: S3Bucket) -> S3Bucket:
        return s3_bucket


def test_a_released_object_is_read_by_whoever_holds_url_and_key_only(s3_bucket: S3Bucket, vault: Vault) -> None:
    objects = Objects(s3_bucket, vault)
    objects.put_stream(ANN, KIND, "1", io.BytesIO(pattern(200_000)), MIB)
    released = objects.release(ANN, KIND, "1")
    objects.put_stream(ANN, KIND, "1", io.BytesIO(b"a newer version"), MIB)
    assert released.size == 200_000
    assert b"".join(OpenReleased(released.url, released.key).chunks()) == pattern(200_000)
    with pytest.raises(StoreRefused):
        list(OpenReleased(released.url.replace("X-Amz-Signature=", "X-Amz-Signature=0"), released.key).chunks())
    objects.delete_all_versions(f"{ANN}/")
    with pytest.raises(ObjectMissing):
        list(OpenReleased(released.url, released.key).chunks())


def test_a_release_in_memory_reads_the_same(vault: Vault) -> None:
    bucket = MemoryBucket()
    objects = Objects(bucket, vault)
    objects.put_stream(ANN, KIND, "1", io.BytesIO(pattern(200_000)), MIB)
    released = objects.release(ANN, KIND, "1")
    assert b"".join(OpenReleased(released.url, released.key, bucket.fetch).chunks()) == pattern(200_000)


def test_granted_uploads_arrive_as_they_are(s3_bucket: S3Bucket, vault: Vault) -> None:
    objects = Objects(s3_bucket, vault)
    http_upload(objects.grant_upload(ANN, KIND, "part-1"), b"sealed elsewhere")
    assert b"".join(objects.raw(ANN, KIND, "part-1")) == b"sealed elsewhere"


def test_delete_markers_and_unfinished_uploads_go_too(s3_bucket: S3Bucket, vault: Vault) -> None:
    objects, client = Objects(s3_bucket, vault), s3_bucket._client
    objects.put_stream(ANN, KIND, "1", io.BytesIO(b"x"), 10)
    client.remove_object(s3_bucket.name, "ann/photos/1")
    upload = client._create_multipart_upload(s3_bucket.name, "ann/photos/2", {})
    client._upload_part(s3_bucket.name, "ann/photos/2", bytes(5 * MIB), None, upload, 1)
    assert sorted(found.kind for found in s3_bucket.found("ann/")) == ["marker", "upload", "version"]
    gone = objects.delete_all_versions("ann/")
    assert (gone.objects, gone.versions, gone.markers, gone.uploads) == (2, 1, 1, 1)
    assert list(s3_bucket.found("")) == []


def test_more_versions_than_a_page_of_the_listing_all_go(s3_bucket: S3Bucket, vault: Vault) -> None:
    objects = Objects(s3_bucket, vault)
    for n in range(1030):
        s3_bucket.put(f"ann/photos/{n % 20}", io.BytesIO(b"x"), b"")
    assert objects.delete_all_versions("ann/").versions == 1030
    assert list(s3_bucket.found("")) == []


def test_memory_stays_flat_for_a_large_object(s3_bucket: S3Bucket, vault: Vault) -> None:
    objects = Objects(s3_bucket, vault)
    block = pattern(MIB)

    def many(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield block

    objects.put_stream(ANN, KIND, "warm", many(20), 100 * MIB)
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    objects.put_stream(ANN, KIND, "1", many(150), 200 * MIB)
    assert sum(len(chunk) for chunk in objects.open_range(ANN, KIND, "1")) == 150 * MIB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 25 * 1024  # KiB


@pytest.mark.parametrize("bad", ["", "..", "a/b", "a b", "-a", "a\n", "é", "a" * 129, ".hidden"])
def test_names_that_could_leave_their_place_are_refused(bad: str) -> None:
    with pytest.raises(BadName):
        object_name(bad, KIND, "1")
    with pytest.raises(BadName):
        object_name("ann", KIND, bad)


KEY = bytes(range(32))
SIZES = st.integers(0, 4 * SEGMENT + 50)


@given(size=SIZES, cut=st.integers(1, 200_000))
@settings(max_examples=40, deadline=None)
def test_segments_open_however_the_stream_was_chopped(size: int, cut: int) -> None:
    sealed = b"".join(seal_segments(KEY, regroup([pattern(size)], cut)))
    assert (len(sealed), plain_size(len(sealed))) == (stored_size(size), size)
    assert b"".join(open_segments(KEY, regroup([sealed], cut))) == pattern(size)


@given(size=SIZES, length=st.integers(0, 4 * SEGMENT + 200))
@settings(max_examples=60, deadline=None)
def test_no_prefix_of_a_sealed_stream_passes_for_the_whole(size: int, length: int) -> None:
    sealed = b"".join(seal_segments(KEY, [pattern(size)]))
    if length < len(sealed):
        with pytest.raises(Tampered):
            list(open_segments(KEY, [sealed[:length]]))


@given(order=st.permutations(range(4)))
@settings(max_examples=24, deadline=None)
def test_segments_in_another_order_do_not_open(order: list[int]) -> None:
    sealed = b"".join(seal_segments(KEY, [pattern(3 * SEGMENT + 50)]))
    blocks = [sealed[at : at + STORED_SEGMENT] for at in range(0, len(sealed), STORED_SEGMENT)]
    shuffled = b"".join(blocks[n] for n in order)
    if order == [0, 1, 2, 3]:
        assert list(open_segments(KEY, [shuffled]))
    else:
        with pytest.raises(Tampered):
            list(open_segments(KEY, [shuffled]))


@given(size=SIZES, start=st.integers(0, 4 * SEGMENT + 60), length=st.integers(0, 2 * SEGMENT))
@settings(max_examples=80, deadline=None)
def test_any_range_is_the_slice_of_the_whole(size: int, start: int, length: int) -> None:
    objects = Objects(MemoryBucket(), FixedKeys())  # type: ignore[arg-type]  # only keys are asked of it
    objects.put_stream(ANN, KIND, "1", io.BytesIO(pattern(size)), size)
    if start < size:
        end = start + length
        assert b"".join(objects.open_range(ANN, KIND, "1", start, end)) == pattern(size)[start:end]


class FixedKeys:
    """A vault whose derived keys are enough for objects in memory."""

    def derive(self, *_: object) -> bytes:
        return KEY

    def confirm(self, *_: object) -> None:
        return None
