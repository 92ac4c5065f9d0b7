"""Render's worker on a real NATS: billing's answers become pictures, once each, however often they are said."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from nexoraz.events.contracts import subject_of
from nexoraz.events.jetstream import create_stream, stream_state
from nexoraz.events.worker import Worker
from nexoraz.local.testing.real import RealNats
from nexoraz.local.testing.services import close
from nexoraz.render.adapters.memory import FakeEngine, MemoryPhotos
from nexoraz.render.bootstrap import App, build
from nexoraz.render.config import Settings
from nexoraz.service.settings import Secret
from services.render.tests.integration.conftest import Person

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


class Billing:
    """What billing says on the bus, said by the test under billing's own user."""

    def __init__(self, nats: RealNats) -> None:
        self.nats = nats
        self.position = 0

    def says(self, what: str, account_id: str, **facts: Any) -> None:
        self.position += 1
        asyncio.run(self._publish(f"nexoraz.billing.{what}.v1", account_id, {"account_id": account_id, **facts}))

    async def _publish(self, type_: str, key: str, body: dict[str, Any]) -> None:
        client = await self.nats.connect("billing")
        if await stream_state(client, "billing") is None:
            await create_stream(client, "billing", 1, 1_000_000)
        id_ = str(uuid4())
        headers = {
            "Nats-Msg-Id": id_, "ce-id": id_, "ce-specversion": "1.0", "ce-source": "/nexoraz/billing",
            "ce-type": type_, "ce-time": datetime.now(UTC).isoformat().replace("+00:00", "Z"), "ce-subject": key,
            "ce-datacontenttype": "application/json", "nx-position": str(self.position),
        }  # fmt: skip
        await client.jetstream().publish(subject_of(type_, key), json.dumps(body).encode(), headers=headers)
        await client.close()


@contextmanager
def working(app: App) -> Iterator[None]:
    """The service's worker, in a thread."""
    hint = app.runtime.store.hint
    ready = threading.Event()
    held: list[Any] = []

    async def run() -> None:
        worker = Worker(replace(app.worker(), serve_health=None))
        held.extend([worker, asyncio.get_running_loop()])
        ready.set()
        await worker.run()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        held[1].call_soon_threadsafe(held[0].stop.set)
        thread.join(30)
        app.runtime.store.hint = hint
        assert not thread.is_alive()


def until(true: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def settings(settings: Settings, nats: RealNats) -> Settings:
    return replace(settings, nats_url=nats.url, nats_password=Secret(nats.passwords["render"]))


def said(app: App, job: str) -> list[str]:
    """The types of the job's events."""
    table = app.runtime.tables.events
    with app.runtime.engine.connect() as connection:
        rows = connection.execute(table.select().order_by(table.c.position))
        return [row.type.split(".")[0] for row in rows if job in row.stream]


def test_credits_reserved_said_twice_render_once(ann: Person, app: App, nats: RealNats) -> None:
    job, billing = ann.ordered(), Billing(nats)
    with working(app):
        for _ in range(2):
            billing.says("credits-reserved", ann.account_id, job_id=job, credits=1)
        until(lambda: ann.job(job)["state"] == "completed")
        billing.says("credits-reserved", ann.account_id, job_id=job, credits=1)
        billing.says("credits-refused", ann.account_id, job_id=job, needed=1, left=0)
        billing.says("credits-reserved", ann.account_id, job_id=str(uuid4()), credits=1)
        time.sleep(1)
    assert isinstance(app.engine, FakeEngine) and app.engine.renders == 1
    assert said(app, job).count("render-completed") == 1 and ann.job(job)["state"] == "completed"


def test_refused_credits_are_the_end_of_a_job(ann: Person, app: App, nats: RealNats) -> None:
    job, billing = ann.ordered(), Billing(nats)
    with working(app):
        for _ in range(2):
            billing.says("credits-refused", ann.account_id, job_id=job, needed=1, left=0)
        until(lambda: ann.job(job)["state"] == "failed")
    assert ann.job(job)["reason"] == "credits-exhausted" and said(app, job).count("render-failed") == 1


def test_two_workers_share_the_jobs_and_render_each_once(
    ann: Person, app: App, nats: RealNats, settings: Settings, photos: MemoryPhotos
) -> None:
    second = build(settings, photos=photos, engine=FakeEngine())
    jobs, billing = [ann.ordered() for _ in range(6)], Billing(nats)
    with working(app), working(second):
        for job in jobs:
            billing.says("credits-reserved", ann.account_id, job_id=job, credits=1)
        until(lambda: all(ann.job(job)["state"] == "completed" for job in jobs))
    close(second)
    assert isinstance(app.engine, FakeEngine) and isinstance(second.engine, FakeEngine)
    assert app.engine.renders + second.engine.renders == len(jobs)


def test_an_outage_of_assets_is_waited_out(ann: Person, app: App, nats: RealNats, photos: MemoryPhotos) -> None:
    job, billing = ann.ordered(), Billing(nats)
    photos.down = True
    question = "SELECT state, attempts, reason FROM tasks WHERE kind = 'render'"

    def waiting() -> list[tuple[object, ...]]:
        with app.runtime.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(question)]

    with working(app):
        billing.says("credits-reserved", ann.account_id, job_id=job, credits=1)
        until(lambda: waiting() == [("due", 0, "PhotosUnavailable")])
        photos.down = False
        with app.runtime.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE tasks SET run_at = now()")
        until(lambda: ann.job(job)["state"] == "completed")
