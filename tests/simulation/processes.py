"""The processes of a service. What one remembers ends with it; what it stored does not."""

from contextlib import nullcontext
from typing import TYPE_CHECKING

from flask.testing import FlaskClient

from nexoraz.events.participation import ERASE
from nexoraz.events.worker import Worker, WorkerParts
from tests.simulation.stage import Process

if TYPE_CHECKING:
    from tests.simulation.suite import Service, World


class Running:
    """A process and the application in it."""

    def __init__(self, service: "Service", world: "World", name: str) -> None:
        self.service = service
        self.world = world
        self.process = Process(service.name, name, [service.database, service.vault])
        self.process.on_death.append(self.forget)
        self.app = world.build(service)
        self._fresh = dict(vars(self.app.runtime.vault._cache))

    @property
    def name(self) -> str:
        return self.process.name

    def forget(self) -> None:
        """What a process remembers ends with it."""
        vault = self.app.runtime.vault
        vault._cache = type(vault._cache)(vault._cache._ttl_s, vault._cache._max)
        vault._cached = vault._cache.entries
        self.app.runtime.guard._looked = None
        if self.service.name == "identity":
            self.app.use_cases.signing._cached = None


class WebProcess(Running):
    """web: asked through Flask's own client."""

    def __init__(self, service: "Service", world: "World") -> None:
        super().__init__(service, world, f"{service.name}-web")
        self.flask = self.app.web()
        authenticator = self.flask.extensions["nexoraz.authenticator"]
        authenticator._clock = authenticator._keys._clock = world.clock.seconds
        # A request that is set aside while it reads the keys holds this lock, and nobody else could have his turn.
        authenticator._keys._lock = nullcontext()

    def forget(self) -> None:
        super().forget()
        flask = getattr(self, "flask", None)
        if flask is not None:
            authenticator = flask.extensions["nexoraz.authenticator"]
            authenticator._verified = {}
            authenticator._keys._keys, authenticator._keys._read_at = {}, float("-inf")

    def start(self) -> None:
        self.process.alive = True

    def client(self) -> FlaskClient:
        client: FlaskClient = self.flask.test_client(use_cookies=False)
        return client


class WorkerProcess(Running):
    """worker: made by each start, as `python -m nexoraz.<service> worker` makes it."""

    worker: Worker

    def __init__(self, service: "Service", world: "World", number: int) -> None:
        super().__init__(service, world, f"{service.name}-{number}")
        self.plain_hint = self.app.runtime.store.hint
        data_map = self.app.participation.data_map()
        self.app.participation.data_map = lambda: data_map
        self.began = 0
        self.closed = False

    def start(self) -> None:
        """Everything that the service's own command does before it works. Reads and writes its database."""
        self.process.alive = True
        self.app.runtime.store.hint = self.plain_hint
        self.app.run_worker()
        restoration = self.worker.parts.restoration
        self.closed = restoration is not None and restoration.notice()
        self.worker.runner.only = frozenset({ERASE}) if self.closed else None

    def reopen(self) -> bool:
        """What a worker of a restored service does again and again until it is done."""
        restoration = self.worker.parts.restoration
        self.closed = restoration is not None and not restoration.attempt()
        if not self.closed:
            self.worker.runner.only = None
        return not self.closed

    def again(self) -> None:
        """As it stands after a start that had nothing to do."""
        self.process.alive = True
        self.app.runtime.store.hint = self.plain_hint
        self.run(self.worker.parts)
        self.closed = False

    def run(self, parts: WorkerParts) -> None:
        """Stands for worker.run_worker."""
        self.worker = Worker(parts)
        self.began += 1
        for consumer in self.worker.consumers:
            consumer.cursor = None  # type: ignore[attr-defined]  # where the pull of this life is
