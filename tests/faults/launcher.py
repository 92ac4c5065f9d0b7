"""`python -m tests.faults.launcher --var … --port … run`: the suite as it is, with workers that can be told where to
die (killing.py), parts that come back at once, and a payment company behind an address of the test's choice."""

import os

from nexoraz.local import __main__ as local
from nexoraz.local.parts.binaries import python_module
from nexoraz.local.parts.nats import Nats
from nexoraz.local.parts.s3 import S3
from nexoraz.local.suite import Suite
from nexoraz.local.supervisor import Supervisor

STRIPE = "FAULTS_STRIPE"
"""Where billing finds the payment company, instead of the stand-in itself."""

_own, _command = Suite._own, Suite._command


def _with_stripe(suite: Suite, service: str) -> dict[str, str]:
    own = _own(suite, service)
    return (
        own | {"NEXORAZ_STRIPE_API_BASE": os.environ[STRIPE]} if service == "billing" and STRIPE in os.environ else own
    )


def _killable(service: str, role: str) -> tuple[str, ...]:
    return (*python_module("tests.faults.killing"), service) if role == "worker" else _command(service, role)


def _unless_frozen(part: type[Nats] | type[S3]) -> None:
    """A test may have changed the part's configuration: then it starts with that."""
    prepare = part.prepare

    def prepared(self: Nats | S3) -> None:
        if not (self.directory.parent / "run" / f"{self.name}.frozen").exists():
            prepare(self)  # type: ignore[arg-type]

    part.prepare = prepared  # type: ignore[method-assign]


if __name__ == "__main__":
    _unless_frozen(Nats)
    _unless_frozen(S3)
    Suite._own = _with_stripe  # type: ignore[method-assign,assignment]
    Suite._command = staticmethod(_killable)  # type: ignore[method-assign]
    Supervisor.__init__.__defaults__ = tuple(  # the dataclass keeps its default in __init__
        (0.1,) if isinstance(value, tuple) else value for value in Supervisor.__init__.__defaults__ or ()
    )
    local.main()
