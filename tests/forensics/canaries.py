"""Unique strings and bytes, and how they look in the encodings in which a leak may hide."""

import base64
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field

LETTERS = string.ascii_lowercase + string.digits
MARK_LENGTH, CODE_LENGTH, TAIL_LENGTH = 16, 4, 6
WINDOW = 8
"""Bytes in a row that the compressions of PostgreSQL leave as they are where a text is met for the first time."""
SLICE = 24
COMPRESSED = "a canary that is cut off or compressed"


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to look for. kind: what was planted, None where any canary has them; how: the encoding; skipped: how many
    bytes of the canary stand before."""

    kind: str | None
    how: str
    sought: bytes
    skipped: int = 0


def base64_core(data: bytes, shift: int) -> bytes:
    """What base64 makes of `data` whatever stands around it, where it begins `shift` bytes into a group of three."""
    encoded = base64.b64encode(b"\0" * shift + data)
    return encoded[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]


ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "upper case": bytes.upper,
    "reversed": lambda data: data[::-1],
    "utf-16": lambda data: data.decode("latin-1").encode("utf-16-le")[:-1],  # in either byte order
    "base64": lambda data: base64_core(data, 0),
    "base64, one byte on": lambda data: base64_core(data, 1),
    "base64, two bytes on": lambda data: base64_core(data, 2),
    "hex": lambda data: data.hex().encode(),
    "upper hex": lambda data: data.hex().upper().encode(),
    "url-encoded": lambda data: b"".join(b"%%%02X" % byte for byte in data),
    "JSON-escaped": lambda data: b"".join(b"\\u%04x" % byte for byte in data),
}
FOR_BYTES = ("plain", "base64", "base64, one byte on", "base64, two bytes on", "hex")


@dataclass
class Canaries:
    """All strings begin with one mark, unique to this run, so that one search finds them all in any encoding; the
    code after the mark says which one it is. Bytes and tokens that the suite made are looked for one by one."""

    mark: str = field(default_factory=lambda: _random(MARK_LENGTH))
    texts: dict[str, str] = field(default_factory=dict)
    more: list[Needle] = field(default_factory=list)

    def text(self, kind: str) -> str:
        """The canary of that kind: lower-case letters and digits, which nothing on the way has a reason to escape."""
        if kind not in self.texts:
            self.texts[kind] = self.mark + _random(CODE_LENGTH + TAIL_LENGTH)
        return self.texts[kind]

    def secret(self, kind: str, value: str) -> None:
        """Something that the suite gave to the person only, such as a token: its end, which no other one shares."""
        self.more.append(Needle(kind, "plain", value[-40:].encode()))

    def content(self, kind: str, data: bytes, encodings: tuple[str, ...] = FOR_BYTES, slices: int = 3) -> None:
        """Bytes of a file: some slices that are too random to be anywhere by chance."""
        step, found = max(len(data) // (slices + 1), 1), 0
        for at in (step * (n + 1) for n in range(slices)):
            part = data[at : at + SLICE]
            if len(set(part)) > SLICE * 3 // 4:
                found += 1
                self.more += [Needle(kind, how, ENCODINGS[how](part)) for how in encodings]
        assert found, f"nothing in {kind} is random enough to be looked for"

    def needles(self) -> list[Needle]:
        mark = self.mark.encode()
        whole = [
            Needle(None, how, encode(mark)) for how, encode in ENCODINGS.items() if how not in ("plain", "reversed")
        ]
        starts = range(len(mark) - WINDOW + 1)
        parts = [Needle(None, "plain", mark[at : at + WINDOW], at) for at in starts]
        return [*parts, *whole, Needle(None, "reversed", mark[::-1], CODE_LENGTH), *self.more]

    def named(self, how: str, found: bytes) -> str:
        """Which canary `found` begins with."""
        known = MARK_LENGTH + CODE_LENGTH
        starts = {kind: ENCODINGS[how](text[:known].encode()) for kind, text in self.texts.items()}
        return next((kind for kind, start in starts.items() if found.startswith(start)), COMPRESSED)


def _random(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))
