"""Where objects are stored: a port with S3 and memory behind it. Both pass `testing.bucket_contract`."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO, Protocol, cast

import urllib3
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

PART = 5 * 1024 * 1024
CONNECT_S, READ_S = 2.0, 20.0
"""How long a store may take to accept a connection, and to say something, in seconds."""
"""Bytes per part of a multipart upload: the least that S3 allows. It bounds the memory of an upload."""
READ = 256 * 1024


class ObjectMissing(LookupError):
    """There is no such object."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no object {name}")
        self.name = name


class StoreRefused(Exception):
    """The object store did not do what it was asked; `code` is its own word for the reason."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"{operation}: {code}")
        self.operation = operation
        self.code = code


@dataclass(frozen=True, slots=True)
class Deleted:
    """Counts of what was removed: names, their versions, delete markers, unfinished uploads."""

    objects: int = 0
    versions: int = 0
    markers: int = 0
    uploads: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """An object, or a range of it, being read. `total` is the size of the whole object as stored."""

    total: int
    salt: bytes
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a listing with versions; `kind` is "version", "marker" or "upload"."""

    name: str
    kind: str
    id: str


class Readable(Protocol):
    """Anything with `read(n)`; short reads are allowed, empty bytes are the end."""

    def read(self, n: int, /) -> bytes: ...


class Bucket(Protocol):
    """One bucket. Names are paths without a leading slash."""

    def put(self, name: str, reader: Readable, salt: bytes) -> None:
        """Store all that `reader` gives, in bounded memory and without temporary files; nothing when it raises."""
        ...

    def get(self, name: str, start: int = 0, length: int | None = None) -> Opened:
        """Raises ObjectMissing. A range that begins after the end gives no chunks."""
        ...

    def size(self, name: str) -> tuple[int, bytes, str]:
        """Stored size, salt and version of an object. Raises ObjectMissing."""
        ...

    def found(self, prefix: str) -> Iterator[Found]:
        """Every version, delete marker and unfinished upload under the prefix."""
        ...

    def remove(self, found: Iterable[Found]) -> None:
        """Remove them for good; what is already gone is no error. Raises StoreRefused."""
        ...

    def presigned_get(self, name: str, version: str, expires_s: int) -> str: ...

    def presigned_put(self, name: str, expires_s: int) -> str: ...


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
        client = Minio(host, access_key=access_key, secret_key=secret_key, secure=scheme == "https", region="us-east-1")
        return cls(client, name)

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
        return Opened(int(total), _salt(response.headers), _drain(response))

    def size(self, name: str) -> tuple[int, bytes, str]:
        try:
            stat = self._client.stat_object(self.name, name)
        except S3Error as error:
            raise _translated("stat", name, error) from error
        return int(stat.size or 0), _salt(stat.metadata or {}), stat.version_id or ""

    def found(self, prefix: str) -> Iterator[Found]:
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
        for failure in self._client.remove_objects(self.name, stored):
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


class MemoryBucket:
    """A versioned bucket in memory; presigned URLs are names that only `fetch` and `upload` of it understand."""

    def __init__(self) -> None:
        self.versions: dict[tuple[str, str], tuple[bytes, bytes]] = {}
        self._count = 0

    def put(self, name: str, reader: Readable, salt: bytes) -> None:
        content = b"".join(iter(lambda: reader.read(READ), b""))
        self._count += 1
        self.versions[(name, f"{self._count:08}")] = (content, salt)

    def get(self, name: str, start: int = 0, length: int | None = None) -> Opened:
        content, salt = self.versions[(name, self._latest(name))]
        end = len(content) if length is None else start + length
        blocks = (content[at : min(end, at + READ)] for at in range(start, min(end, len(content)), READ))
        return Opened(len(content), salt, blocks)

    def size(self, name: str) -> tuple[int, bytes, str]:
        version = self._latest(name)
        content, salt = self.versions[(name, version)]
        return len(content), salt, version

    def found(self, prefix: str) -> Iterator[Found]:
        yield from [Found(name, "version", id_) for name, id_ in sorted(self.versions) if name.startswith(prefix)]

    def remove(self, found: Iterable[Found]) -> None:
        for entry in found:
            self.versions.pop((entry.name, entry.id), None)

    def presigned_get(self, name: str, version: str, expires_s: int) -> str:  # noqa: ARG002  # memory needs no term
        return f"memory:get:{name}#{version}"

    def presigned_put(self, name: str, expires_s: int) -> str:  # noqa: ARG002  # memory needs no term
        return f"memory:put:{name}"

    def fetch(self, url: str) -> Iterator[bytes]:
        """What an HTTP GET of a presigned URL would give."""
        name, _, version = url.removeprefix("memory:get:").partition("#")
        if (name, version) not in self.versions:
            raise ObjectMissing(name)
        yield self.versions[(name, version)][0]

    def upload(self, url: str, body: bytes) -> None:
        """What an HTTP PUT to a presigned URL would do."""
        self.put(url.removeprefix("memory:put:"), io.BytesIO(body), b"")

    def _latest(self, name: str) -> str:
        ids = [id_ for stored, id_ in self.versions if stored == name]
        if not ids:
            raise ObjectMissing(name)
        return max(ids)


def http_fetch(url: str) -> Iterator[bytes]:
    """GET a presigned URL as a stream. Raises ObjectMissing, or StoreRefused with the status."""
    response = HTTP.request("GET", url, preload_content=False)
    if response.status != 200:
        response.drain_conn()
        raise ObjectMissing("released object") if response.status == 404 else StoreRefused("get", str(response.status))
    yield from _drain(response)


def http_upload(url: str, body: bytes) -> None:
    """PUT to a presigned URL. Raises StoreRefused with the status."""
    response = HTTP.request("PUT", url, body=body)
    if response.status not in (200, 201, 204):
        raise StoreRefused("put", str(response.status))


HTTP = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=60), retries=urllib3.Retry(2, redirect=False))
"""Connects at its first use."""


def _drain(response: Any) -> Iterator[bytes]:
    """The body of a response; leaving early closes its connection instead of returning half a body to the pool."""
    whole = False
    try:
        yield from response.stream(READ)
        whole = True
    finally:
        if not whole:
            response.close()
        response.release_conn()


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
