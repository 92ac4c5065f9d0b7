"""Reads a Dockerfile and a .dockerignore as far as tests need: there is no image builder on a development machine."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

_INSTRUCTION = re.compile(r"([A-Z]+)\s+(.*)", re.DOTALL)
_KNOWN = frozenset(
    [
        "ARG",
        "FROM",
        "COPY",
        "RUN",
        "LABEL",
        "ENV",
        "WORKDIR",
        "USER",
        "STOPSIGNAL",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
    ]
)


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The arguments: of the exec form, or split at blanks."""
        if self.text.startswith("["):
            words: list[str] = json.loads(self.text)
            return words
        return self.text.split()

    @property
    def flags(self) -> dict[str, str]:
        flags = (word[2:].split("=", 1) for word in self.text.split() if word.startswith("--"))
        return {each[0]: each[1] for each in flags if len(each) == 2}

    @property
    def paths(self) -> list[str]:
        return [word for word in self.words if not word.startswith("--")]


@dataclass(frozen=True, slots=True)
class Stage:
    parent: str
    name: str
    instructions: tuple[Instruction, ...]

    def every(self, name: str) -> list[Instruction]:
        return [each for each in self.instructions if each.name == name]


def instructions(text: str) -> Iterator[Instruction]:
    """Raises ValueError for a line that is no instruction known here."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        found = _INSTRUCTION.fullmatch(line.strip())
        if found is None or found[1] not in _KNOWN:
            raise ValueError(f"not an instruction that is known here: {line!r}")
        yield Instruction(found[1], " ".join(found[2].split()))


def stages(text: str, **arguments: str) -> list[Stage]:
    """The stages with the build arguments put in."""
    for name, value in arguments.items():
        text = text.replace(f"${{{name}}}", value)
    found: list[Stage] = []
    for each in instructions(text):
        if each.name == "FROM":
            parent, _, name = each.text.partition(" AS ")
            found.append(Stage(parent, name, ()))
        elif found:
            last = found.pop()
            found.append(Stage(last.parent, last.name, (*last.instructions, each)))
    return found


def ignored(path: str, patterns: Iterable[str]) -> bool:
    """Whether .dockerignore keeps `path` out: the last pattern that takes it, or a folder above it, decides."""
    out = False
    above = [str(path), *(str(each) for each in PurePosixPath(path).parents if str(each) != ".")]
    for pattern in patterns:
        plain = pattern.removeprefix("!")
        if any(_takes(each, plain) for each in above):
            out = not pattern.startswith("!")
    return out


def _takes(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(PurePosixPath(path).name, pattern[3:])
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)
