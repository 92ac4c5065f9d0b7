"""Fakes of privacy's ports, for tests."""

from dataclasses import dataclass, field


@dataclass
class MemoryLetters:
    """The port Letters: (to, kind, facts) of what was to be mailed."""

    written: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def write(self, letter_id: str, to: str, kind: str, facts: dict[str, str]) -> None:  # noqa: ARG002 - the port
        self.written.append((to, kind, dict(facts)))
