"""A bucket in memory, for component tests and simulation. It passes the contract suite of the real one."""

import io
from collections.abc import Iterable, Iterator

from nexoraz.events.bucket_port import READ, Found, ObjectMissing, Opened, Readable


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
