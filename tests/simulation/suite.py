"""The five services as their own bootstraps put them together, on simulated databases, bus, buckets and companies.

Of each service there are a web process and two workers, each with an application of its own, so with a key cache of
its own. They are made once; a run restores what they store, and forgets what they remember.
"""

import importlib
from dataclasses import replace
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData

from nexoraz.assets.adapters.memory import MemoryThumbnailer
from nexoraz.events.bus import BusUnavailable
from nexoraz.events.incarnation import Incarnation
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.identity.adapters.schema import IdentityTables
from nexoraz.identity.application.pace import Pace
from tests.simulation import database
from tests.simulation.beside import Keks
from tests.simulation.bus import Bus
from tests.simulation.chance import Clock, Impatient
from tests.simulation.companies import Bucket, Engine, Mail, Stripe, Web
from tests.simulation.database import Database
from tests.simulation.processes import Running, WebProcess, WorkerProcess
from tests.simulation.replaced import simulated_parts
from tests.simulation.stage import Killed, Stage

SERVICES = ("identity", "assets", "render", "billing", "privacy")
REPLICAS = 2


class Service:
    """One service: what it stores, and its processes."""

    def __init__(self, name: str, world: "World") -> None:
        self.name = name
        self.remembered: Incarnation | None = None
        self.bootstrap: ModuleType = importlib.import_module(f"nexoraz.{name}.bootstrap")
        self.database = Database(name, world.clock.micros, world.stage.point)
        self.vault = Database(f"{name}-vault", world.clock.micros, world.stage.point)
        self.kek = Keks()
        self.bucket = Bucket(f"{name}-bucket", world.stage.point)
        self.database.create(self._metadata())
        migrate_vault(self.vault.engine, self.kek)
        self.web = WebProcess(self, world)
        self.workers = [WorkerProcess(self, world, n) for n in range(REPLICAS)]

    def processes(self) -> list[Running]:
        return [self.web, *self.workers]

    def snapshot(self) -> tuple[Any, ...]:
        databases = self.database.backup(), self.vault.backup()
        return *databases, dict(self.kek.keys), self.bucket.snapshot(), self.remembered

    def restore(self, snapshot: tuple[Any, ...]) -> None:
        self.database.restore(snapshot[0])
        self.vault.restore(snapshot[1])
        self.kek.keys = dict(snapshot[2])
        self.bucket.restore(snapshot[3])
        self.remembered, self.database.incarnation = snapshot[4], 1

    def _metadata(self) -> MetaData:
        if self.name == "identity":
            return IdentityTables().metadata
        metadata: MetaData = importlib.import_module(f"nexoraz.{self.name}.projections.tables").METADATA
        return metadata


class World:
    """Everything that there is. stage: decides what runs."""

    def __init__(self, clock: Clock, stage: Stage) -> None:
        self.clock = clock
        self.stage = stage
        self.bus = Bus(clock, stage)
        self.mail = Mail(stage.point)
        self.stripe = Stripe(stage.point)
        self.engine = Engine(stage.point)
        self.building: Service | None = None
        self.services: dict[str, Service] = {}
        self.impatient = Impatient(clock)
        for name in SERVICES:
            self.services[name] = Service(name, self)
        self.web = Web({f"{s.name}-bucket": s.bucket for s in self.services.values()})

    def running(self) -> list[Running]:
        return [running for service in self.services.values() for running in service.processes()]

    def workers(self) -> list[WorkerProcess]:
        return [worker for service in self.services.values() for worker in service.workers]

    def snapshot(self) -> dict[str, Any]:
        kept: dict[str, Any] = {name: service.snapshot() for name, service in self.services.items()}
        return kept | {"bus": self.bus.snapshot(), "mail": list(self.mail.sent), "paid": dict(self.stripe.payments)}

    def restore(self, snapshot: dict[str, Any]) -> None:
        for name, service in self.services.items():
            service.restore(snapshot[name])
        self.bus.restore(snapshot["bus"])
        self.mail.sent = list(snapshot["mail"])
        self.stripe.payments = dict(snapshot["paid"])
        for running in self.running():
            running.process.die()

    def build(self, service: Service) -> Any:
        """An application of a service, by the service's own bootstrap."""
        settings, build = service.bootstrap.EXAMPLE, service.bootstrap.build
        with simulated_parts(service, self):
            match service.name:
                case "identity":
                    generous = replace(settings, throttle_factor=1_000)
                    pace = Pace(self.clock.seconds, lambda _seconds: None)
                    app = build(generous, transport=self.mail, clock=self.clock.now, pace=pace)
                case "billing":
                    app = build(settings, self.stripe, clock=self.clock.now)
                case "render":
                    app = build(settings, engine=self.engine, clock=self.clock.now)
                case "assets":
                    app = build(settings, thumbnailer=MemoryThumbnailer(), clock=self.clock.now)
                case _:
                    app = build(settings, clock=self.clock.now)
        app.runtime.store.clock = self.clock.now
        app.runtime.store.group = database.Group(service.database.engine)
        app.runtime.vault._clock = self.clock.seconds
        return app

    def answering(self, subject: str, asker: str, payload: bytes) -> bytes:
        """A worker of the service that owns the subject answers, in its own process."""
        service = self.services[subject.split(".")[1]]
        alive = [w for w in service.workers if w.process.alive and not w.closed]
        if not alive:
            raise BusUnavailable("nobody answers")
        chosen = alive[self.stage.rng.randrange(len(alive))]
        handler = chosen.worker.parts.rpc_handlers[subject]
        activity = self.stage.run(chosen.process, subject, lambda: handler(asker, payload))
        if isinstance(activity.error, Killed):
            raise BusUnavailable("no answer")
        if activity.error is not None:
            raise activity.error
        answer: bytes = activity.outcome
        return answer
