"""What the tests of the vault share: whose keys they are, and another process on the same vault."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event

from nexoraz.events.vault import Vault

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def other(vault: Vault, clock: Seconds | None = None) -> Vault:
    """Another process on the same vault."""
    return Vault(vault.engine, vault.kek, ttl_s=10.0, clock=clock or Seconds())


class Held:
    """A process that stops right before the commit of its next transaction, until it may go on."""

    def __init__(self, vault: Vault, engine: Engine) -> None:
        self.vault = Vault(engine, vault.kek)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def hold(self, _: object) -> None:
        self.reached.set()
        assert self.go_on.wait(30)


@contextmanager
def held_before_commit(vault: Vault) -> Iterator[Held]:
    engine = create_engine(vault.engine.url)
    held = Held(vault, engine)
    event.listen(engine, "commit", held.hold)
    try:
        yield held
    finally:
        held.go_on.set()
        engine.dispose()


def done_within(future: "Future[Any]", seconds: float) -> bool:
    return not wait([future], timeout=seconds).not_done
