"""Puts render together. The only module that names adapters; nothing is connected until something is asked."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Flask

from nexoraz.events import participant
from nexoraz.events.buckets import S3Bucket
from nexoraz.events.holdings import Holdings
from nexoraz.events.objects import Objects
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.projector import RebuildableProjection
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan
from nexoraz.events.sql_store import now
from nexoraz.render.adapters import published, subscribed
from nexoraz.render.adapters.engines import engine_named
from nexoraz.render.adapters.holdings import held
from nexoraz.render.adapters.released_photos import ReleasedPhotos
from nexoraz.render.adapters.sealed_outputs import SealedOutputs
from nexoraz.render.application.policies import Policies
from nexoraz.render.application.ports import Engine, Photos
from nexoraz.render.application.run_render import RENDER, RunRender
from nexoraz.render.config import Settings
from nexoraz.render.domain.events import EVENTS
from nexoraz.render.presets.catalogue import presets
from nexoraz.render.projections.jobs import Jobs
from nexoraz.render.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.render.web.batches import batches_blueprint
from nexoraz.render.web.live import LiveRenders
from nexoraz.render.web.presets import presets_blueprint
from nexoraz.render.web.refusals import REFUSALS
from nexoraz.render.web.routes import jobs_blueprint
from nexoraz.render.web.studio import Studio
from nexoraz.service import chassis
from nexoraz.service.allowances import allowances_of
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator
from nexoraz.service.database import ping
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.settings import Secret

REGISTRY = Registry.of([*EVENTS, *PROTOCOL_EVENTS])
SERVICE, VERSION, ROOT = "render", "1.0.0", Path(__file__).resolve().parents[3]
PROJECTIONS: Mapping[str, RebuildableProjection] = {"jobs": Jobs()}
EXAMPLE = Settings(
    database_url=Secret("postgresql://localhost/nexoraz_render"),
    vault_database_url=Secret("postgresql://localhost/nexoraz_render_vault"),
    vault_kek_dir=Path("kek"),
    nats_url="nats://localhost",
    nats_password=Secret("example"),
    s3_endpoint="http://localhost",
    s3_access_key=Secret("example"),
    s3_secret_key=Secret("example"),
)
"""Settings to describe the service with; no secret is in them and nothing is reached by them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class App(participant.Participant):
    """Render, wired."""

    settings: Settings
    outputs: SealedOutputs
    photos: Photos
    engine: Engine
    clock: Callable[[], datetime]

    def web(self) -> Flask:
        """The HTTP side. Touches its database and bucket only."""
        return self.flask(IdempotencyKeys.of(self.runtime))

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        runtime, most_watchers = self.runtime, max(1, self.settings.web_threads // 2)
        questions = runtime.questions()
        studio = Studio(runtime.store, runtime.reading, questions, self.outputs, self.clock, most_watchers)
        live = LiveRenders(studio)
        return create_app(
            SERVICE,
            VERSION,
            self.settings,
            [presets_blueprint(), jobs_blueprint(studio, live), batches_blueprint(studio, live)],
            {"database": ping(self.runtime.engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(self.runtime.engine, AUTH, self.settings.public_url),
            idempotency_keys=idempotency_keys,
            allowances=allowances_of(self.runtime.engine, idempotency_keys, self.settings.throttle_factor),
            may_serve=self.runtime.guard.may_serve,
        )

    def plan(self) -> WorkerPlan:
        """The renders: as many at a time as there are engine processes."""
        tasks = self.runtime.tasks
        run = RunRender(self.runtime.store, tasks, self.photos, self.engine, self.outputs, self.clock)
        return WorkerPlan(
            translate=published.translate,
            handlers=subscribed.handlers(Policies(tasks, self.clock)),
            task_handlers={RENDER: run},
            task_concurrency={RENDER: self.settings.render_processes},
            jobs={"engine": self._end_engine},
        )

    async def _end_engine(self, stop: asyncio.Event) -> None:
        """A render that runs when the worker is told to stop is given up at once; it is tried again elsewhere."""
        await stop.wait()
        self.engine.close()


def build(
    settings: Settings,
    *,
    photos: Photos | None = None,
    engine: Engine | None = None,
    clock: Callable[[], datetime] = now,
) -> App:
    """Wire render. The keyword arguments stand in for assets, the engine and the time in tests.

    Raises msgspec.ValidationError when a preset does not obey the catalogue's schema: nothing starts with it."""
    presets()
    runtime = Runtime.wire(SERVICE, chassis, settings, KERNEL, REGISTRY, lambda _: list(PROJECTIONS.values()))
    objects = Objects(S3Bucket.of(settings), runtime.vault)
    outputs = SealedOutputs(objects)
    holdings = Holdings(SERVICE, runtime.store, METADATA, runtime.vault, held(objects))
    participation = runtime.participation(holdings)
    return App(
        settings=settings,
        runtime=runtime,
        holdings=holdings,
        participation=participation,
        read_models=PROJECTIONS,
        outputs=outputs,
        photos=photos or ReleasedPhotos(runtime.rpc),
        engine=engine or engine_named(settings.engine, settings.render_processes, settings.model_dir),
        clock=clock,
    )


def migrate_databases(settings: Settings) -> None:
    """Bring render's database and its vault to the newest version."""
    participant.migrate_databases(chassis, settings, ROOT / "migrations")


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    return app.documents(published.CONTRACTS, openapi_document(app.flask(None)))
