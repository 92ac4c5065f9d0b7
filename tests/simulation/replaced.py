"""What is replaced around the services' own code: what speaks to the driver, to a socket, or to real time."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from logging import getLogger as logging_of
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import structlog
from sqlalchemy import Text, cast, func, literal, select

from nexoraz.events import bus as kernel_bus
from nexoraz.events import part_uploads, participant, presigned, questions, residue, runtime, sql_store
from nexoraz.events.buckets import S3Bucket
from nexoraz.events.holdings import ACCOUNT, Holdings
from nexoraz.events.worker import WorkerParts
from nexoraz.identity.adapters.memory import MemoryPasswords
from nexoraz.render.web import ordering
from nexoraz.service import chassis
from nexoraz.service.allowances import Allowances, Standing
from nexoraz.service.lookup import RevocationLookup
from tests.simulation import database
from tests.simulation.beside import Guard
from tests.simulation.bus import Link

if TYPE_CHECKING:
    from tests.simulation.suite import Service, World

LOUD = 30 if os.environ.get("SIMULATION_LOGS") else 50
Replacement = tuple[Any, str, Any]


@contextmanager
def simulated_parts(service: "Service", world: "World") -> Iterator[None]:
    """What the bootstrap of a service would connect to."""

    def engine(url: str, **_: object) -> Any:
        return (service.vault if url.endswith("_vault") else service.database).engine

    def no_hint(_engine: Any) -> Callable[[], None]:
        return lambda: None

    module = service.bootstrap
    replaced: list[Replacement] = [
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

    def __init__(self, world: "World") -> None:
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
            found = func.count().filter(match), func.count().filter(match, residue._keep(holdings, holding))
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
    replaced: list[Replacement] = [
        (sql_store, "Autocommit", database.Autocommit),
        (sql_store, "append_rows", database.append_rows),
        (RevocationLookup, "is_revoked", _is_revoked),
        (Allowances, "take", lambda _self, quota, _subject: Standing(quota, True, quota.requests, quota.window_s)),
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
def outside(world: "World") -> Iterator[None]:
    """What reaches other companies by HTTP, and waits in loops."""
    with patch.object(presigned, "HTTP", _Http(world)), patch.object(ordering, "time", world.impatient):
        yield
