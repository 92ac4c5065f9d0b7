"""What privacy would say on the bus, said by the test under privacy's own user."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from nexoraz.events.contracts import subject_of
from nexoraz.events.jetstream import create_stream, stream_state
from nexoraz.local.testing.real import RealNats


class Coordinator:
    """Positions count up as a producer's do."""

    def __init__(self, nats: RealNats) -> None:
        self.nats = nats
        self.position = 0

    def ask(self, what: str, account_id: str, **facts: Any) -> str:
        """Publish a request of the protocol, such as "erasure-requested"; returns its id."""
        self.position += 1
        body = {"account_id": account_id, "request_id": str(uuid4()), "participants": ["identity"], **facts}
        asyncio.run(self._publish(f"nexoraz.privacy.{what}.v1", str(body["request_id"]), body))
        return str(body["request_id"])

    async def _publish(self, type_: str, key: str, body: dict[str, Any]) -> None:
        client = await self.nats.connect("privacy")
        if await stream_state(client, "privacy") is None:
            await create_stream(client, "privacy", 1, 1_000_000)
        id_ = str(uuid4())
        headers = {
            "Nats-Msg-Id": id_, "ce-id": id_, "ce-specversion": "1.0", "ce-source": "/nexoraz/privacy",
            "ce-type": type_, "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "ce-subject": key,
            "ce-datacontenttype": "application/json", "nx-position": str(self.position),
        }  # fmt: skip
        await client.jetstream().publish(subject_of(type_, key), json.dumps(body).encode(), headers=headers)
        await client.close()
