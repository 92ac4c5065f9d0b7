"""Puts render together. The only module that names adapters; nothing is connected until something is asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from nexoraz.events.buckets import S3Bucket
from nexoraz.events.bus import NatsSettings
from nexoraz.events.classification import OPERATIONAL, PSEUDONYM, Personal
from nexoraz.events.documents import dump, event_documents
from nexoraz.events.holdings import Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.objects import Objects
from nexoraz.events.participation import PROTOCOL_EVENTS, Participation
from nexoraz.events.projector import RebuildableProjection, rebuild
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan, worker_parts
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import WorkerParts, run_worker
from nexoraz.render.adapters import published, subscribed
from nexoraz.render.adapters.engine_processes import EngineProcesses
from nexoraz.render.adapters.holdings import held
from nexoraz.render.adapters.released_photos import ReleasedPhotos
from nexoraz.render.adapters.sealed_outputs import SealedOutputs
from nexoraz.render.application.policies import Policies
from nexoraz.render.application.ports import Engine, Photos
from nexoraz.render.application.run_render import RENDER, RunRender
from nexoraz.render.config import Settings
from nexoraz.render.domain.events import EVENTS
from nexoraz.render.projections.jobs import Jobs
from nexoraz.render.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.render.web.refusals import REFUSALS
from nexoraz.render.web.routes import Studio, jobs_blueprint, presets_blueprint
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator, revoke
from nexoraz.service.database import make_engine, ping
from nexoraz.service.expiry import purge_chassis
from nexoraz.service.health import serve_health
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from nexoraz.service.tables import classified
from nexoraz.service.telemetry import current_traceparent

classified(
    METADATA,
    {"pseudonym": PSEUDONYM, "operational": OPERATIONAL, "sealed": Personal("user.behavior", purpose="idempotency")},
)
REGISTRY = Registry.of([*EVENTS, *PROTOCOL_EVENTS])
VERSION = "1.0.0"
MIGRATIONS = Path(__file__).parents[3] / "migrations"
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


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """Render, wired."""

    settings: Settings
    runtime: Runtime
    outputs: SealedOutputs
    holdings: Holdings
    participation: Participation
    photos: Photos
    engine: Engine
    clock: Callable[[], datetime]

    def web(self) -> Flask:
        """The HTTP side. Touches its database and bucket only."""
        keys = IdempotencyKeys(self.runtime.hash_key(), self.runtime.seal_answer, self.runtime.open_answer)
        return self.flask(keys)

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        studio = Studio(self.runtime.store, self.runtime.engine, self.outputs, self.clock)
        return create_app(
            "render",
            VERSION,
            self.settings,
            [presets_blueprint(), jobs_blueprint(studio)],
            {"database": ping(self.runtime.engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(self.runtime.engine, AUTH, self.settings.public_url),
            idempotency_keys=idempotency_keys,
        )

    def worker(self) -> WorkerParts:
        """The relay, the consumers, and the renders: as many at a time as there are engine processes."""
        tasks = self.runtime.tasks
        run = RunRender(self.runtime.store, tasks, self.photos, self.engine, self.outputs, self.clock)
        plan = WorkerPlan(
            translate=published.translate,
            handlers=subscribed.handlers(Policies(tasks, self.clock)),
            task_handlers={RENDER: run},
            housekeeping=[purge_chassis],
            task_concurrency={RENDER: self.settings.render_processes},
        )
        nats = NatsSettings.of(self.settings)
        parts = worker_parts(self.runtime, self.participation, plan, nats, self._serve_health)
        return replace(parts, jobs={"engine": self._end_engine})

    async def _end_engine(self, stop: asyncio.Event) -> None:
        """A render that runs when the worker is told to stop is given up at once; it is tried again elsewhere."""
        await stop.wait()
        self.engine.close()

    def run_worker(self) -> None:
        """Tell the coordinator what render holds, then work until SIGTERM."""
        self.participation.announce()
        run_worker(self.worker())

    def rebuild(self, names: Sequence[str]) -> list[str]:
        """Make the named read models (all without a name) anew from the events; a line for each."""
        chosen = names or list(PROJECTIONS)
        return [f"{name}: {rebuild(self.runtime.store, PROJECTIONS[name])} events replayed" for name in chosen]

    async def _serve_health(self, checks: Mapping[str, Callable[[], object]]) -> asyncio.Server:
        return await serve_health(self.settings.bind, checks)


def build(
    settings: Settings,
    *,
    photos: Photos | None = None,
    engine: Engine | None = None,
    clock: Callable[[], datetime] = now,
) -> App:
    """Wire render. The keyword arguments stand in for assets, the engine and the time in tests."""
    runtime = Runtime.wire(
        "render",
        make_engine(settings.database_url),
        make_engine(settings.vault_database_url, pool_size=4),
        settings.vault_kek_dir,
        KERNEL,
        REGISTRY,
        inline=lambda _vault: list(PROJECTIONS.values()),
        traceparent=current_traceparent,
    )
    objects = Objects(_bucket(settings), runtime.vault)
    outputs = SealedOutputs(objects)
    holdings = Holdings("render", runtime.store, METADATA, runtime.vault, held(objects))
    participation = runtime.participation(holdings, on_begun=_refuse_tokens)
    engine = engine or EngineProcesses(settings.render_processes, settings.model_dir)
    photos = photos or ReleasedPhotos(runtime.rpc)
    return App(settings, runtime, outputs, holdings, participation, photos, engine, clock)


def _bucket(settings: Settings) -> S3Bucket:
    keys = settings.s3_access_key.reveal(), settings.s3_secret_key.reveal()
    return S3Bucket.connect(settings.s3_endpoint, *keys, settings.s3_bucket)


def _refuse_tokens(tx: Transaction, account_id: str) -> None:
    revoke(connection_of(tx), account_id)


def migrate_databases(settings: Settings) -> None:
    """Bring render's database and its vault to the newest version."""
    migrate(settings.database_url, MIGRATIONS)
    migrate_vault(make_engine(settings.vault_database_url), LocalKek(settings.vault_kek_dir))


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    openapi = {"openapi.json": dump(openapi_document(app.flask(None)))}
    return openapi | event_documents("render", REGISTRY, METADATA, app.holdings, published.CONTRACTS)
