"""What the tests of participation share: whose data it is, what is asked, and a worker that dies."""

import dataclasses
from collections.abc import Callable

from nexoraz.events.erasure import Erasure
from nexoraz.events.protocol_contracts import ErasureRequested, ResidueScanRequested
from nexoraz.events.protocol_events import (
    ErasureFinished,
)
from nexoraz.events.testing.notebook import Notebook

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"
REQUEST = "7a000000-0000-4000-8000-000000000001"
ERASE_ANN = ErasureRequested(ANN, REQUEST, ["assets", "notebook"])
SCAN_ANN = ResidueScanRequested(ANN, REQUEST, ["notebook"])


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def receipt(notebook: Notebook) -> dict[str, object]:
    """The last receipt, without its moments."""
    last = notebook.events(ErasureFinished)[-1]
    return {
        "outcome": last.outcome,
        "lines": [line for line in last.lines if line.found or line.left],
        "keys": (last.keys_destroyed, last.key_digest != "", last.key_epoch),
        "bus": last.bus_purged,
    }


def by_store(finished: ErasureFinished) -> dict[str, tuple[int, int, int, int]]:
    return {line.store: (line.found, line.erased, line.retained, line.left) for line in finished.lines if line.found}


def dies(*_: object) -> int:
    raise Killed


def once(owner: object, name: str, action: Callable[[], int]) -> None:
    """Let something happen before the first call of a method."""
    original = getattr(owner, name)

    def wrapped(*args: object) -> object:
        object.__setattr__(owner, name, original)
        action()
        return original(*args)

    object.__setattr__(owner, name, wrapped)


def die_at(notebook: Notebook, step: str) -> None:
    """The worker dies when it comes to a step: before a method that is called, or right after it."""
    after = {
        "objects counted": (notebook.vault, "destroy"),
        "destroyed": (notebook.vault, "destroy"),
        "rows erased": (notebook.holdings, "erase_objects"),
        "objects erased": (notebook.holdings, "erase_objects"),
        "counted on bus": (notebook.bus, "count"),
        "purged": (notebook.bus, "purge"),
    }
    before = {"destroy": (notebook.vault, "destroy"), "wait": (notebook.bus, "wait_passed")}
    if step in ("before", "after"):
        notebook.told.clear()
        hook = {step: dies}
        notebook.participation._erasure = replaced(notebook, **hook)
    elif step in ("destroyed", "objects erased", "counted on bus", "purged"):
        die_after(*after[step])
    elif step in after:
        once(*after[step], dies)
    elif step in before:
        once(*before[step], dies)
    else:
        owner = notebook.bus if step in ("count", "purge") else notebook.holdings
        once(owner, step, dies)


def die_after(owner: object, name: str) -> None:
    original = getattr(owner, name)

    def wrapped(*args: object) -> object:
        object.__setattr__(owner, name, original)
        original(*args)
        raise Killed

    object.__setattr__(owner, name, wrapped)


def replaced(notebook: Notebook, **hooks: object) -> Erasure:
    return dataclasses.replace(notebook.participation._erasure, **hooks)  # type: ignore[arg-type]


def revive(notebook: Notebook) -> None:
    """Another worker starts: nothing of the dead one's memory is left."""
    notebook.participation._erasure = replaced(notebook, before=lambda *_: None, after=lambda *_: None)
