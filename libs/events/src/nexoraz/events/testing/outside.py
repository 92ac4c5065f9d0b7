"""What is around a participant, in memory: the bus with the relay in front of it, and where parts of exports go."""

from dataclasses import dataclass, field


@dataclass
class FakeBus:
    """The service's messages on the bus, by account; the relay; uploads of export parts, by address."""

    messages: dict[str, int] = field(default_factory=dict)
    relayed: bool = True
    stuck: bool = False
    uploads: dict[str, bytes] = field(default_factory=dict)

    def wait_passed(self, position: int, timeout_s: float) -> bool:
        """Whether the relay is beyond a position that exists."""
        return self.relayed and position > 0 and timeout_s > 0

    def count(self, account_id: str) -> int:
        return self.messages.get(account_id, 0)

    def purge(self, account_id: str) -> int:
        return 0 if self.stuck else self.messages.pop(account_id, 0)

    def grant(self, request_id: str, participant: str, part: str) -> str:
        return f"{request_id}/{participant}/{part}"

    def upload(self, url: str, body: bytes) -> None:
        self.uploads[url] = body
