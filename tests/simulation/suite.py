"""The five services as their own bootstraps put them together, on simulated databases, bus, buckets and companies.

Of each service there are a web process and two workers, each with an application of its own, so with a key cache of
its own. They are made once; a run restores what they store, and forgets what they remember.
"""

import importlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from logging import getLogger as logging_of
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask.testing import FlaskClient
from sqlalchemy import MetaData, Text, cast, func, literal, select

from nexoraz.events import bus as kernel_bus
from nexoraz.events import part_uploads, participant, presigned, questions, residue, runtime, sql_store
from nexoraz.events.buckets import S3Bucket
from nexoraz.events.bus import BusUnavailable
from nexoraz.events.holdings import ACCOUNT, Holdings
from nexoraz.events.incarnation import Incarnation, RestoreGuard
from nexoraz.events.kek import EpochDestroyed
from nexoraz.events.participation import ERASE
from nexoraz.events.vault_schema import metadata as vault_tables
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import Worker, WorkerParts
from nexoraz.identity.adapters.memory import MemoryPasswords
from nexoraz.identity.adapters.schema import IdentityTables
from nexoraz.identity.application.pace import Pace
from nexoraz.render.web import routes as render_routes
from nexoraz.service import chassis
from nexoraz.service.lookup import RevocationLookup
from tests.simulation import database
from tests.simulation.bus import Bus, Link
from tests.simulation.chance import Clock, Impatient
from tests.simulation.companies import Bucket, Engine, Mail, Stripe, Web
from tests.simulation.database import Database
from tests.simulation.dialect import moment
from tests.simulation.stage import Killed, Process, Stage

SERVICES = ("identity", "assets", "render", "billing", "privacy")
REPLICAS = 2
LOUD = 30 if os.environ.get("SIMULATION_LOGS") else 50


class Keks:
    """Key-encryption keys in memory; the port is kek.Kek."""

    def __init__(self) -> None:
        self.keys: dict[int, bytes] = {}

    def create(self, epoch: int) -> None:
        self.keys.setdefault(epoch, os.urandom(32))

    def wrap(self, epoch: int, key: bytes, binding: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._key(epoch).encrypt(nonce, key, binding)

    def unwrap(self, epoch: int, wrapped: bytes, binding: bytes) -> bytes:
        return self._key(epoch).decrypt(wrapped[:12], wrapped[12:], binding)

    def destroy(self, epoch: int) -> None:
        self.keys.pop(epoch, None)

    def _key(self, epoch: int) -> AESGCM:
        if epoch not in self.keys:
            raise EpochDestroyed(epoch)
        return AESGCM(self.keys[epoch])


class Guard(RestoreGuard):
    """Remembers beside the keys, in memory; a database that was restored is another one."""

    def __init__(self, service: "Service", clock: Callable[[], float]) -> None:
        self._service = service
        self._clock = clock
        self._looked = None
        self._engine, self._vault = service.database.engine, service.vault.engine

    def remembered(self) -> Incarnation | None:
        return self._service.remembered

    def _data(self) -> tuple[str, int]:
        database = self._service.database
        given = database.rows("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)")
        return f"data {database.incarnation}", given[0][0]

    def _identity(self, engine: object) -> str:
        return "vault"

    @contextmanager
    def _changing(self) -> Iterator[Incarnation | None]:
        yield self.remembered()

    def _write(self, known: Incarnation) -> None:
        self._service.remembered = known

    def _newest_event(self) -> datetime:
        rows = self._service.database.rows("SELECT occurred_at FROM events ORDER BY position DESC LIMIT 1")
        return moment(rows[0][0]) if rows else moment(0)


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
        assert vault_tables.tables
        self.web = Web_(self, world)
        self.workers = [WorkerProcess(self, world, n) for n in range(REPLICAS)]

    def processes(self) -> list["Running"]:
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


class Running:
    """A process and the application in it."""

    def __init__(self, service: Service, world: "World", name: str) -> None:
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


class Web_(Running):
    def __init__(self, service: Service, world: "World") -> None:
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

    def __init__(self, service: Service, world: "World", number: int) -> None:
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
        with _simulated_parts(service, self):
            match service.name:
                case "identity":
                    generous = replace(settings, throttle_factor=1_000)
                    pace = Pace(self.clock.seconds, lambda _seconds: None)
                    app = build(generous, transport=self.mail, clock=self.clock.now, pace=pace)
                case "billing":
                    app = build(settings, self.stripe, clock=self.clock.now)
                case "render":
                    app = build(settings, engine=self.engine, clock=self.clock.now)
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


@contextmanager
def _simulated_parts(service: Service, world: World) -> Iterator[None]:
    """What the bootstrap of a service would connect to."""

    def engine(url: str, **_: object) -> Any:
        return (service.vault if url.endswith("_vault") else service.database).engine

    def no_hint(_engine: Any) -> Callable[[], None]:
        return lambda: None

    module = service.bootstrap
    replaced: list[tuple[Any, str, Any]] = [
        (chassis, "make_engine", engine),
        (S3Bucket, "of", staticmethod(lambda _settings: service.bucket)),
        (runtime, "LocalKek", lambda _folder: service.kek),
        (runtime, "BusLink", lambda: Link(world.bus, service.name)),
        (runtime, "RelayHint", no_hint),
        (runtime, "RestoreGuard", lambda *_: Guard(service, world.clock.seconds)),
    ]
    if service.name == "identity":
        replaced.append((module, "Argon2Passwords", MemoryPasswords))
    with ExitStack() as stack:
        for owner, name, value in replaced:
            stack.enter_context(patch.object(owner, name, value))
        yield


class _Http:
    """urllib3's pool for presigned URLs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def request(self, method: str, url: str, body: bytes = b"", **_: object) -> Any:
        if method == "PUT":
            self._world.web.upload(url, body)
            return SimpleNamespace(status=200)
        try:
            chunks = [*self._world.web.fetch(url)]
        except LookupError:
            return SimpleNamespace(status=404, drain_conn=lambda: None)
        nothing = lambda: None  # noqa: E731 - the response of a library
        return SimpleNamespace(status=200, stream=lambda _: iter(chunks), release_conn=nothing, close=nothing)


def _is_revoked(self: RevocationLookup, account_id: str, session_id: str, issued_at: int) -> bool:
    query = "SELECT 1 FROM revocations WHERE subject IN (?, ?) AND (issued_until IS NULL OR issued_until >= ?)"
    with self._engine.connect() as connection:
        found = connection.exec_driver_sql(query, (account_id, session_id, issued_at * 1_000_000)).first()
    return found is not None


def _searches(holdings: Holdings, small: frozenset[str]) -> Iterator[Any]:
    """residue._searches where a query cannot unfold arrays: a line for each column by a query of its own."""
    for holding, table in residue._searched(holdings):
        for column in residue._text_columns(table, holding) if table.name in small else []:
            match = func.strpos(cast(column, Text), ACCOUNT) > 0
            found = func.count().filter(match), func.count().filter(match, residue._keep(holding))
            name = literal(f"{table.name}.{column.name}")
            yield select(name, *found).select_from(table).where(residue._foreign(holdings, table))


class AtOnce:
    """An executor whose work is done when it is submitted."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> "AtOnce":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


@contextmanager
def simulated(world_of: Callable[[], "World"]) -> Iterator[None]:
    """The parts of the kernel and of the chassis that speak to PostgreSQL's driver or wait by the real clock."""

    def run_worker(parts: WorkerParts) -> None:
        starting = next(w for w in world_of().workers() if w.app.runtime.store is parts.store)
        starting.run(parts)

    def monotonic() -> float:
        return world_of().impatient.monotonic()

    def sleep(seconds: float) -> None:
        world_of().impatient.sleep(seconds)
        world_of().stage.point("waiting")

    logging = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(LOUD), cache_logger_on_first_use=False)
    replaced: list[tuple[Any, str, Any]] = [
        (sql_store, "Autocommit", database.Autocommit),
        (sql_store, "append_rows", database.append_rows),
        (RevocationLookup, "is_revoked", _is_revoked),
        (questions.Questions, "connection", database.question),
        (residue, "_searches", _searches),
        (part_uploads, "ThreadPoolExecutor", AtOnce),
        (part_uploads, "time", SimpleNamespace(sleep=sleep)),
        (participant, "run_worker", run_worker),
        (kernel_bus, "monotonic", monotonic),
        (kernel_bus, "sleep", sleep),
    ]
    with ExitStack() as stack:
        for owner, name, value in replaced:
            stack.enter_context(patch.object(owner, name, value))
        stack.callback(lambda: structlog.configure(**logging))
        stack.enter_context(patch.object(logging_of("sqlalchemy.pool"), "level", 100))
        yield


@contextmanager
def outside(world: World) -> Iterator[None]:
    """What reaches other companies by HTTP, and waits in loops."""
    with patch.object(presigned, "HTTP", _Http(world)), patch.object(render_routes, "time", world.impatient):
        yield
