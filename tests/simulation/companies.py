"""What belongs to others, with their faults: the mail system, the payment company, the bucket, the rendering engine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nexoraz.billing.adapters.memory import FakePayments
from nexoraz.billing.application.ports import Payment, PaymentsUnavailable
from nexoraz.billing.domain.packs import Pack
from nexoraz.events.bucket_port import Opened, Readable, StoreRefused
from nexoraz.events.memory_bucket import MemoryBucket
from nexoraz.identity.application.letters import Letter
from nexoraz.identity.application.sending import TransportUnavailable
from nexoraz.render.application.ports import OnStage, Picture
from nexoraz.render.presets.wanted import AS_THE_PRESET, Wanted

Point = Callable[[str], None]
Trouble = Callable[[str], bool]


@dataclass
class Mail:
    """The mail system: what it took lies in the person's mailbox, outside of all stores."""

    point: Point
    trouble: Trouble = lambda _kind: False
    sent: list[tuple[str, str, Letter]] = field(default_factory=list)

    def send(self, message_id: str, to: str, letter: Letter, date: datetime) -> None:
        self.point("mail")
        if self.trouble("mail"):
            raise TransportUnavailable
        self.sent.append((message_id, to, letter))
        self.point("mailed")

    def tokens(self, to: str) -> list[str]:
        """What the mails to an address ask to be sent back, newest first."""
        texts = [letter.text for _, address, letter in reversed(self.sent) if address == to]
        lines = [line.strip() for text in texts for line in text.splitlines()]
        return [line for line in lines if len(line) > 60 and line.count(".") == 2 and not {" ", "/"} & {*line}]


class Stripe(FakePayments):
    """The payment company: slow, sometimes away, and it tells its news late, twice or never."""

    def __init__(self, point: Point) -> None:
        super().__init__()
        self.point = point
        self.trouble: Trouble = lambda _kind: False

    def open(self, purchase_id: str, pack: Pack, payment_method: str | None) -> Payment:
        self._ask()
        payment = super().open(purchase_id, pack, payment_method)
        self.point("payment opened")
        return payment

    def read(self, intent: str) -> Payment:
        self._ask()
        return super().read(intent)

    def _ask(self) -> None:
        self.point("payment")
        if self.trouble("stripe"):
            raise PaymentsUnavailable("down")


class Bucket(MemoryBucket):
    """A bucket whose server sometimes refuses."""

    def __init__(self, name: str, point: Point) -> None:
        super().__init__()
        self.name = name
        self.point = point
        self.trouble: Trouble = lambda _kind: False

    def put(self, name: str, reader: Readable, salt: bytes) -> None:
        self._ask("put")
        super().put(name, reader, salt)
        self.point(f"{self.name}.put")

    def get(self, name: str, start: int = 0, length: int | None = None) -> Opened:
        self._ask("get")
        return super().get(name, start, length)

    def found(self, prefix: str) -> Iterator[Any]:
        self._ask("list")
        yield from super().found(prefix)

    def remove(self, found: Any) -> None:
        """One at a time, so that a process can die between two."""
        for entry in found:
            self._ask("remove")
            super().remove([entry])

    def presigned_get(self, name: str, version: str, expires_s: int) -> str:
        return f"{self.name}/{super().presigned_get(name, version, expires_s)}"

    def presigned_put(self, name: str, expires_s: int) -> str:
        return f"{self.name}/{super().presigned_put(name, expires_s)}"

    def snapshot(self) -> tuple[dict[tuple[str, str], tuple[bytes, bytes]], int]:
        return dict(self.versions), self._count

    def restore(self, snapshot: tuple[dict[tuple[str, str], tuple[bytes, bytes]], int]) -> None:
        self.versions, self._count = dict(snapshot[0]), snapshot[1]

    def _ask(self, what: str) -> None:
        self.point(f"{self.name}.{what}?")
        if self.trouble("bucket"):
            raise StoreRefused(what, "SlowDown")


class Web:
    """Presigned URLs of all buckets."""

    def __init__(self, buckets: dict[str, Bucket]) -> None:
        self._buckets = buckets

    def fetch(self, url: str) -> Iterator[bytes]:
        bucket, _, rest = url.partition("/")
        return self._buckets[bucket].fetch(rest)

    def upload(self, url: str, body: bytes) -> None:
        bucket, _, rest = url.partition("/")
        self._buckets[bucket].upload(rest, body)


class Engine:
    """Gives the photo back with a mark, by way of two stages; a photo in a hundred is more than it can do."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.trouble: Trouble = lambda _kind: False

    def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
        on_stage("decode", 0)
        self.point("rendering")
        if self.trouble("engine"):
            raise RuntimeError("the engine failed")
        on_stage("encode", 90)
        return Picture(photo, "image/png", 4, 3, f"simulated-{preset}", fallback=False)

    def close(self) -> None:
        return None
