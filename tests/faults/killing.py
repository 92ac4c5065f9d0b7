"""`python -m tests.faults.killing <service>`: the worker of a service as it is, that sends SIGKILL to itself at a step
which the test names in a file. The product has no hooks: the steps' functions are wrapped from outside.

One order per life: the file is taken away before the process dies, so the worker that comes after it lives.
"""

import asyncio
import functools
import importlib
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nexoraz.events import leases, tasks

LOOK_EVERY_S = 0.02

KERNEL = "nexoraz.events"
PARTICIPANT = (
    f"{KERNEL}.participation:Participation._erasure_requested",
    f"{KERNEL}.participation:Participation._begin",
    f"{KERNEL}.participation:Participation._scan",
    f"{KERNEL}.erasure:Erasure._progress",
    f"{KERNEL}.erasure:Erasure._prepare",
    f"{KERNEL}.erasure:Erasure._record",
    f"{KERNEL}.incarnation:RestoreGuard.remember",
    f"{KERNEL}.legal_holds:LegalHolds.keep",
    f"{KERNEL}.vault:Vault.destroy",
    f"{KERNEL}.erasure:Erasure._erase",
    f"{KERNEL}.erasure:Erasure._erase_rows",
    f"{KERNEL}.holdings:Holdings.erase_rows",
    f"{KERNEL}.holdings:Holdings.erase_objects",
    f"{KERNEL}.erasure:Erasure._purge_bus",
    f"{KERNEL}.erasure:Erasure._receipt",
    f"{KERNEL}.erasure:Erasure._finish",
)
"""A participant's steps, in their order."""
CARRYING = (
    f"{KERNEL}.inbox:Inbox._commit",
    f"{KERNEL}.sql_store:SqlTransaction.commit",
    f"{KERNEL}.publishing:ChainedPublisher.publish",
    f"{KERNEL}.relay:Relay._save",
)
"""What carries messages between them: before and after commit, publish and acknowledge."""
COORDINATOR = (
    "nexoraz.privacy.application.answers:Answers.receipt",
    "nexoraz.privacy.application.answers:Answers.scan",
    "nexoraz.privacy.application.recollection:Recollection.keep",
    "nexoraz.privacy.application.certifying:Certifying.certify",
    "nexoraz.privacy.application.certifying:Certifying._certify",
    "nexoraz.privacy.application.recollection:Recollection.record_certificate",
)
LIFE = (
    "nexoraz.render.application.run_render:RunRender.__call__",
    "nexoraz.billing.application.payment_watch:PaymentWatch.run_settle",
    "nexoraz.billing.application.settle_payment:SettlePayment.__call__",
)
OWN = {"privacy": COORDINATOR, "render": LIFE[:1], "billing": LIFE[1:]}


class Executioner:
    """Kills this process at the ordered moment."""

    def __init__(self, order: Path) -> None:
        self._order = order
        self._text = ""
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            try:
                self._text = self._order.read_text()
            except FileNotFoundError:
                self._text = ""
            time.sleep(LOOK_EVERY_S)

    def reached(self, moment: str) -> None:
        if self._text == moment:
            self._order.rename(self._order.with_suffix(".done"))
            os.kill(os.getpid(), signal.SIGKILL)


def wrap(target: str, reached: Callable[[str], None]) -> None:
    """Have `reached` called before and after each call of the function that the target names."""
    module, _, path = target.partition(":")
    owner_name, _, name = path.partition(".")
    owner = getattr(importlib.import_module(module), owner_name)
    function = getattr(owner, name)

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        reached(f"before {target}")
        result = function(*args, **kwargs)
        reached(f"after {target}")
        return result

    @functools.wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        reached(f"before {target}")
        result = await function(*args, **kwargs)
        reached(f"after {target}")
        return result

    setattr(owner, name, awaited if asyncio.iscoroutinefunction(function) else called)


def hasten() -> None:
    """What a killed worker had in its hands passes on sooner: the waiting is tested in libs/events, and only takes
    time here. Before anything else imports these."""
    tasks.LEASE_S = 6.0
    leases.BEAT_S = 1.0


def main(service: str) -> None:
    hasten()
    executioner = Executioner(Path(os.environ["TMPDIR"]) / f"kill-{service}.order")
    for target in (*PARTICIPANT, *CARRYING, *OWN.get(service, ())):
        wrap(target, executioner.reached)
    sys.argv = [f"nexoraz.{service}", "worker"]
    runpy.run_module(f"nexoraz.{service}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1])
