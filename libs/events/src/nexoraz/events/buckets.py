"""Where objects are stored: S3 through the `minio` client, or memory. Both pass `testing.bucket_contract`."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, BinaryIO, Protocol, cast

import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from nexoraz.events.bucket_port import Bucket, Deleted, Found, ObjectMissing, Opened, Readable, StoreRefused
from nexoraz.events.bus import Revealed
from nexoraz.events.memory_bucket import MemoryBucket
from nexoraz.events.presigned import drained, http_fetch, http_upload

__all__ = [
    "Bucket",
    "Deleted",
    "Found",
    "MemoryBucket",
    "ObjectMissing",
    "Opened",
    "Readable",
    "S3Bucket",
    "StoreRefused",
    "http_fetch",
    "http_upload",
]

PART = 5 * 1024 * 1024
"""Bytes per part of a multipart upload: the least that S3 allows. It bounds the memory of an upload."""
CONNECT_S, READ_S = 2.0, 20.0
"""How long a store may take to accept a connection, and to say something, in seconds."""


class BucketUser(Protocol):
    """What a service's own settings say about its bucket."""

    @property
    def s3_endpoint(self) -> str: ...
    @property
    def s3_access_key(self) -> Revealed: ...
    @property
    def s3_secret_key(self) -> Revealed: ...
    @property
    def s3_bucket(self) -> str: ...


AWAY = (S3Error, urllib3.exceptions.HTTPError)
"""What the client raises when the store says no, or nothing."""


def _refused(operation: str, fault: Exception) -> StoreRefused:
    return StoreRefused(operation, (fault.code if isinstance(fault, S3Error) else None) or type(fault).__name__)


class S3Bucket:
    """A bucket of any S3 service, through the `minio` client.

    public: a client with the address that others reach, for presigned URLs; the same one when it is left out.
    """

    def __init__(self, client: Minio, name: str, public: Minio | None = None) -> None:
        self._client = client
        self._public = public or client
        self.name = name

    @classmethod
    def connect(cls, endpoint: str, access_key: str, secret_key: str, name: str) -> "S3Bucket":
        """A bucket at `endpoint` (http://host:port or https://host). Reaches nothing until it is used: the region is
        given, because the client would ask the server for it."""
        scheme, _, host = endpoint.rstrip("/").partition("://")
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        pool = urllib3.PoolManager(timeout=timeout, maxsize=16, retries=urllib3.Retry(2, backoff_factor=0.2))
        secure = scheme == "https"
        return cls(Minio(host, access_key, secret_key, secure=secure, region="us-east-1", http_client=pool), name)

    @classmethod
    def of(cls, user: BucketUser) -> "S3Bucket":
        """From the settings of a service."""
        keys = user.s3_access_key.reveal(), user.s3_secret_key.reveal()
        return cls.connect(user.s3_endpoint, *keys, user.s3_bucket)

    def put(self, name: str, reader: Readable, salt: bytes) -> None:
        stream = cast(BinaryIO, reader)  # the client calls nothing but read(n)
        metadata: Any = {"salt": salt.hex()}
        try:
            self._client.put_object(
                self.name, name, stream, -1, part_size=PART, num_parallel_uploads=1, metadata=metadata
            )
        except S3Error as error:
            raise StoreRefused("put", error.code or "") from error

    def get(self, name: str, start: int = 0, length: int | None = None) -> Opened:
        try:
            response: Any = self._client.get_object(self.name, name, offset=start, length=length or 0)
        except S3Error as error:
            return _nothing(error, name, start)
        total = response.headers.get("content-range", "").rpartition("/")[2] or response.headers["content-length"]
        return Opened(int(total), _salt(response.headers), drained(response))

    def size(self, name: str) -> tuple[int, bytes, str]:
        try:
            stat = self._client.stat_object(self.name, name)
        except S3Error as error:
            raise _translated("stat", name, error) from error
        return int(stat.size or 0), _salt(stat.metadata or {}), stat.version_id or ""

    def found(self, prefix: str) -> Iterator[Found]:
        try:
            yield from self._found(prefix)
        except AWAY as fault:
            raise _refused("list", fault) from fault

    def _found(self, prefix: str) -> Iterator[Found]:
        for entry in self._client.list_objects(self.name, prefix, recursive=True, include_version=True):
            kind = "marker" if entry.is_delete_marker else "version"
            yield Found(entry.object_name or "", kind, entry.version_id or "")
        marker: Any = {}
        while True:
            # The client has no public call that lists unfinished uploads.
            page: Any = self._client._list_multipart_uploads(self.name, prefix=prefix, **marker)
            yield from (Found(u.object_name, "upload", u.upload_id) for u in page.uploads)
            if not page.is_truncated:
                return
            marker = {"key_marker": page.next_key_marker, "upload_id_marker": page.uploads[-1].upload_id}

    def remove(self, found: Iterable[Found]) -> None:
        stored = []
        for entry in found:
            if entry.kind == "upload":
                self._abort(entry)
            else:
                stored.append(DeleteObject(entry.name, entry.id or None))
        try:
            failures = list(self._client.remove_objects(self.name, stored))
        except AWAY as fault:
            raise _refused("delete", fault) from fault
        for failure in failures:
            if failure.code not in {"NoSuchKey", "NoSuchVersion"}:
                raise StoreRefused("delete", failure.code or "")

    def presigned_get(self, name: str, version: str, expires_s: int) -> str:
        expires = timedelta(seconds=expires_s)
        return str(self._public.presigned_get_object(self.name, name, expires, version_id=version or None))

    def presigned_put(self, name: str, expires_s: int) -> str:
        return str(self._public.presigned_put_object(self.name, name, timedelta(seconds=expires_s)))

    def _abort(self, entry: Found) -> None:
        try:
            self._client._abort_multipart_upload(self.name, entry.name, entry.id)
        except S3Error as error:
            if error.code != "NoSuchUpload":
                raise StoreRefused("abort", error.code or "") from error


def _salt(headers: Any) -> bytes:
    return bytes.fromhex(headers.get("x-amz-meta-salt", ""))


def _nothing(error: S3Error, name: str, start: int) -> Opened:
    """The answer for a range after the end, as the store reports it; anything else is raised."""
    if error.code == "InvalidRange":
        return Opened(start, b"", iter(()))
    raise _translated("get", name, error) from error


def _translated(operation: str, name: str, error: S3Error) -> Exception:
    return (
        ObjectMissing(name)
        if error.code in {"NoSuchKey", "NoSuchObject"}
        else StoreRefused(operation, error.code or "")
    )
