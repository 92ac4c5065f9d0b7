"""Asking for renders: every job that one request asks for is recorded in one transaction, or none is."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import msgspec
from sqlalchemy import Connection

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, execute, repeated, start
from nexoraz.render.domain.commands import RequestRender, RetryRender
from nexoraz.render.domain.job import JOB, job_stream
from nexoraz.render.presets.catalogue import find
from nexoraz.render.presets.preset import Preset
from nexoraz.render.presets.wanted import Wanted, applied
from nexoraz.render.projections.jobs import JobRecord, find_job, requested
from nexoraz.render.projections.photos import owns_photo
from nexoraz.render.web.studio import Studio
from nexoraz.service.idempotency import Once
from nexoraz.service.problems import Problem, not_found

PATIENCE_S = 2.0
"""How long a request waits for assets' news of a photo that was uploaded a moment ago."""
LOOK_EVERY_S = 0.05
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Order:
    """One picture that is wanted. attempt, retry_of: as in RenderRequested. Raises FormatWithoutTransparency."""

    photo_id: str
    preset: Preset
    wanted: dict[str, str | int]
    batch_id: str = ""
    attempt: int = 1
    retry_of: str = ""

    def __post_init__(self) -> None:
        applied(self.preset, msgspec.convert(self.wanted, Wanted))


def ask(
    studio: Studio,
    account_id: str,
    orders: Sequence[Order],
    once: Once,
    answer: Callable[[Connection, list[JobRecord]], Answer],
) -> Answer:
    """Assets tells of new photos over the bus, so one may be asked for before its news is here; nothing is held open
    while it is waited for. Each job waits for credits of its own."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        with studio.store.transaction() as tx:
            once.begin(connection_of(tx))
            if _owned(connection_of(tx), account_id, orders):
                jobs = [_begin(tx, studio, account_id, order, str(uuid4())) for order in orders]
                return answer(connection_of(tx), jobs)
        if time.monotonic() > give_up:
            raise _photo_unknown()
        time.sleep(LOOK_EVERY_S)


def ask_again(
    studio: Studio, account_id: str, job_id: str, once: Once, answer: Callable[[Connection, JobRecord], Answer]
) -> Answer:
    """A new job in the place of one that failed, at today's price; of two who ask at once, one is refused."""

    def work(tx: Transaction) -> Answer:
        once.begin(connection_of(tx))
        failed = find_job(connection_of(tx), account_id, job_id)
        if failed is None:
            raise not_found()
        retry_id = str(uuid4())
        execute(tx, JOB, job_stream(job_id, account_id), RetryRender(job_id, retry_id, studio.clock()))
        preset, batch_id = find(failed.preset), failed.batch_id or ""
        order = Order(failed.photo_id, preset, failed.wanted, batch_id, failed.attempt + 1, job_id)
        if not _owned(connection_of(tx), account_id, [order]):
            raise _photo_unknown()
        return answer(connection_of(tx), _begin(tx, studio, account_id, order, retry_id))

    return repeated(studio.store, work)


def _owned(connection: Connection, account_id: str, orders: Sequence[Order]) -> bool:
    return all(owns_photo(connection, account_id, photo) for photo in {order.photo_id for order in orders})


def _begin(tx: Transaction, studio: Studio, account_id: str, order: Order, job_id: str) -> JobRecord:
    command = RequestRender(
        account_id,
        job_id,
        order.photo_id,
        order.preset.id,
        order.preset.credits,
        studio.clock(),
        order.batch_id,
        order.attempt,
        order.retry_of,
        order.wanted,
    )
    [recorded] = start(tx, JOB, job_stream(job_id, account_id), command)
    return requested(recorded.event, recorded.version)


def _photo_unknown() -> Problem:
    """One answer for an unknown photo, another person's, and one whose news is late."""
    detail = "A photo that was uploaded a moment ago may take a little while to be known here; then try again."
    return Problem("photo-unknown", 404, "You have no such photo", detail, headers={"Retry-After": "2"})
