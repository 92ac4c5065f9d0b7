"""A photo's bytes on their way in: judged as they pass, never held. Memory: the head, at most one mebibyte."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from nexoraz.assets.domain.headers import HEAD_BYTES, read_header
from nexoraz.assets.domain.passages import passage_of
from nexoraz.assets.domain.picture import (
    Header,
    Limits,
    PhotoEmpty,
    PhotoTooHeavy,
    Picture,
    UnsupportedType,
    judge_header,
    judge_size,
)
from nexoraz.assets.domain.sniffing import KEPT, media_type
from nexoraz.events.decider import Refused


@dataclass
class UploadInterrupted(Refused):
    """The body ended before the length that was declared for it."""

    declared: int
    received: int


@dataclass
class UploadTooSlow(Refused):
    """The body took longer than one upload may."""

    limit_seconds: int


@dataclass(frozen=True, slots=True)
class Body:
    """What a client sends. declared: its length by the client's own account, if it gave one."""

    chunks: Iterable[bytes]
    declared: int | None = None


class Intake:
    """Passes one body on, chunk by chunk; `picture` is there once all of it went through."""

    def __init__(
        self, body: Body, limits: Limits, limit_seconds: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._body = body
        self._limits = limits
        self._limit_seconds = limit_seconds
        self._clock = clock
        self._received = 0
        self._picture: Picture | None = None

    @property
    def picture(self) -> Picture:
        assert self._picture is not None, "the body has not passed yet"
        return self._picture

    def __iter__(self) -> Iterator[bytes]:
        """The picture without what a camera noted beside it. Raises every refusal that the bytes deserve, before the
        last of them is passed on."""
        chunks = self._counted()
        head, more = _head(chunks)
        header = self._header(head)
        passage = passage_of(header.media_type, head)
        kept = 0
        for chunk in chain([head], chunks if more else ()):
            passed = passage.feed(chunk)
            kept += len(passed)
            yield passed
        self._complete()
        passage.finish()
        self._picture = judge_size(header, kept)

    def _header(self, head: bytes) -> Header:
        if not head:
            self._complete()
            raise PhotoEmpty
        kind = media_type(head)
        if kind not in KEPT:
            raise UnsupportedType(kind)
        header = read_header(kind, head)
        judge_header(header, self._limits)
        return header

    def _counted(self) -> Iterator[bytes]:
        deadline = self._clock() + self._limit_seconds
        for chunk in self._body.chunks:
            self._received += len(chunk)
            if self._received > self._limits.bytes:
                raise PhotoTooHeavy(self._limits.bytes)
            if self._clock() > deadline:
                raise UploadTooSlow(self._limit_seconds)
            yield chunk

    def _complete(self) -> None:
        declared = self._body.declared
        if declared is not None and self._received < declared:
            raise UploadInterrupted(declared, self._received)


def _head(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """The first bytes, and whether there may be more of them."""
    head = bytearray()
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD_BYTES:
            return bytes(head), True
    return bytes(head), False
