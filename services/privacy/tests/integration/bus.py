"""The other four services as privacy meets them: on the real bus, each under its own user."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import msgspec
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from nexoraz.events.buckets import http_upload
from nexoraz.events.contracts import subject_of
from nexoraz.events.export_parts import (
    Entry,
    File,
    Group,
    Record,
    binding,
    new_attempt,
    pack,
    part_name,
    pieces,
    seal_part,
)
from nexoraz.events.jetstream import create_stream, stream_state
from nexoraz.local.testing.real import RealNats
from services.privacy.tests import examples as x

SIMULATED = ("identity", "assets", "render", "billing")


def photos() -> Iterable[Entry]:
    """What assets holds in these tests."""
    yield Group("photos", "user.content.private", "content", "assets")
    yield Record({"id": "1", "title": "A blue cup"})
    yield Group("objects/photos", "user.content.private", "content", "assets")
    yield File("cup.jpg", "image/jpeg", iter([b"\xff\xd8" + b"picture" * 1_000]))


@dataclass
class Others:
    """Answers privacy's requests in a thread of its own. `silent`: who does not answer. `twice`: say everything twice,
    the second time as a new message."""

    nats: RealNats
    silent: set[str] = field(default_factory=set)
    twice: bool = False
    heard: list[tuple[str, list[str]]] = field(default_factory=list)
    _positions: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _clients: dict[str, Client] = field(default_factory=dict)

    def start(self) -> None:
        """Announce everybody, then answer until `stop`."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(20)

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(20)

    def say(self, service: str, what: str, key: str, facts: dict[str, Any]) -> None:
        """One message, from outside of the thread."""
        asyncio.run(self._say_alone(service, what, key, facts))

    async def _say_alone(self, service: str, what: str, key: str, facts: dict[str, Any]) -> None:
        client = await self.nats.connect(service)
        await self._publish(client, service, what, key, facts)
        await client.close()

    async def _run(self, ready: threading.Event) -> None:
        for service in SIMULATED:
            self._clients[service] = await self.nats.connect(service)
            facts = {"participant": service, "data_map_hash": f"map of {service}", "data_map": "{}"}
            await self._publish(self._clients[service], service, "participant-announced", service, facts)
        reader = await self.nats.connect()
        ready.set()
        last = 0
        while not self._stop.is_set():
            last = await self._hear(reader, last)
            await asyncio.sleep(0.02)
        for client in (reader, *self._clients.values()):
            await client.close()

    async def _hear(self, reader: Client, last: int) -> int:
        state = await stream_state(reader, "privacy")
        for sequence in range(last + 1, (state.last_sequence if state else 0) + 1):
            try:
                message = await reader.jetstream().get_msg("NEXORAZ_PRIVACY", sequence)
            except NotFoundError:
                continue
            kind = (message.headers or {})["ce-type"].split(".")[2]
            body = json.loads(message.data or b"{}")
            if "participants" in body:
                self.heard.append((kind, body["participants"]))
                for service in set(body["participants"]) & set(SIMULATED) - self.silent:
                    await ANSWERS[kind](self, service, body)
        return state.last_sequence if state else last

    async def erase(self, service: str, body: dict[str, Any]) -> None:
        facts = {"request_id": body["request_id"], **msgspec.to_builtins(x.receipt(service))}
        await self._answer(service, "erasure-receipted", body["request_id"], facts)

    async def scan(self, service: str, body: dict[str, Any]) -> None:
        facts = {"request_id": body["request_id"], **msgspec.to_builtins(x.scan(service))}
        await self._answer(service, "residue-scanned", body["request_id"], facts)

    async def export(self, service: str, body: dict[str, Any]) -> None:
        request_id, parts, attempt = body["request_id"], [], new_attempt()
        for n, piece in enumerate(pieces(pack(photos() if service == "assets" else ())), start=1):
            name = part_name(n, attempt)
            question = {"request_id": request_id, "participant": service, "part": name}
            reply = await self._clients[service].request(
                "rpc.privacy.grant-upload", json.dumps(question).encode(), timeout=10
            )
            sealed = b"".join(seal_part(body["public_key"], piece, binding(request_id, service, name)))
            await asyncio.to_thread(http_upload, json.loads(reply.data)["url"], sealed)
            parts.append({"name": name, "sha256": sha256(sealed).hexdigest(), "size": len(sealed)})
        facts = {"request_id": request_id, "participant": service, "parts": parts, "records": 1}
        await self._answer(service, "export-part-written", request_id, facts)

    async def _answer(self, service: str, what: str, key: str, facts: dict[str, Any]) -> None:
        for _ in range(2 if self.twice else 1):
            await self._publish(self._clients[service], service, what, key, facts)

    async def _publish(self, client: Client, service: str, what: str, key: str, facts: dict[str, Any]) -> None:
        if await stream_state(client, service) is None:
            await create_stream(client, service, 1, 1_000_000)
        type_, id_ = f"nexoraz.{service}.{what}.v1", str(uuid4())
        self._positions[service] = self._positions.get(service, 0) + 1
        headers = {
            "Nats-Msg-Id": id_, "ce-id": id_, "ce-specversion": "1.0", "ce-source": f"/nexoraz/{service}",
            "ce-type": type_, "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "ce-subject": key,
            "ce-datacontenttype": "application/json", "nx-position": str(self._positions[service]),
        }  # fmt: skip
        await client.jetstream().publish(subject_of(type_, key), json.dumps(facts).encode(), headers=headers)


ANSWERS: dict[str, Callable[[Others, str, dict[str, Any]], Any]] = {
    "erasure-requested": Others.erase,
    "residue-scan-requested": Others.scan,
    "export-requested": Others.export,
}
