"""Puts assets together. The only module that names adapters; nothing is connected until something is asked."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from nexoraz.assets.adapters import published, release_requests, subscribed
from nexoraz.assets.adapters.holdings import held
from nexoraz.assets.adapters.photo_index import SqlPhotos
from nexoraz.assets.adapters.sealed_photos import SealedPhotos
from nexoraz.assets.application.change_photo import PhotoChanges
from nexoraz.assets.application.file_tasks import FileTasks
from nexoraz.assets.application.release_photo import PhotoRelease
from nexoraz.assets.application.upload_photo import Uploads
from nexoraz.assets.config import Settings
from nexoraz.assets.domain.events import EVENTS
from nexoraz.assets.domain.picture import Limits
from nexoraz.assets.projections.photos import Gallery
from nexoraz.assets.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.assets.web.refusals import REFUSALS
from nexoraz.assets.web.routes import Album, photos_blueprint
from nexoraz.events.buckets import Bucket, S3Bucket
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
EXAMPLE = Settings(
    database_url=Secret("postgresql://localhost/nexoraz_assets"),
    vault_database_url=Secret("postgresql://localhost/nexoraz_assets_vault"),
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
    """Assets, wired."""

    settings: Settings
    runtime: Runtime
    objects: Objects
    gallery: Gallery
    holdings: Holdings
    participation: Participation
    clock: Callable[[], datetime]

    @property
    def file_tasks(self) -> FileTasks:
        return FileTasks(self.runtime.store, self.runtime.tasks, SealedPhotos(self.objects), SqlPhotos())

    @property
    def uploads(self) -> Uploads:
        limits = Limits(self.settings.photo_bytes, self.settings.photo_megapixels, self.settings.photo_side)
        files, seconds = SealedPhotos(self.objects), self.settings.upload_seconds
        return Uploads(self.runtime.store, self.runtime.tasks, files, limits, seconds, self.clock)

    @property
    def release(self) -> PhotoRelease:
        return PhotoRelease(self.runtime.store, SealedPhotos(self.objects), SqlPhotos())

    def web(self) -> Flask:
        """The HTTP side. Touches its database and bucket only."""
        keys = IdempotencyKeys(self.runtime.hash_key(), self.runtime.seal_answer, self.runtime.open_answer)
        return self.flask(keys)

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        store, engine = self.runtime.store, self.runtime.engine
        changes = PhotoChanges(store, self.file_tasks, self.clock)
        album = Album(store, engine, self.gallery, self.uploads, changes, SealedPhotos(self.objects))
        return create_app(
            "assets",
            VERSION,
            self.settings,
            [photos_blueprint(album)],
            {"database": ping(engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(engine, AUTH, self.settings.public_url),
            idempotency_keys=idempotency_keys,
        )

    def worker(self) -> WorkerParts:
        """The relay, the consumers, the tasks about files, and the release of photos."""
        plan = WorkerPlan(
            translate=published.translate,
            handlers=subscribed.HANDLERS,
            task_handlers=self.file_tasks.handlers,
            housekeeping=[purge_chassis],
            rpc_handlers=release_requests.handlers(self.release),
        )
        nats = NatsSettings.of(self.settings)
        return worker_parts(self.runtime, self.participation, plan, nats, self._serve_health)

    def run_worker(self) -> None:
        """Tell the coordinator what assets holds, then work until SIGTERM."""
        self.participation.announce()
        run_worker(self.worker())

    def rebuild(self, names: Sequence[str]) -> list[str]:
        """Make the named read models (all without a name) anew from the events; a line for each."""
        projections: Mapping[str, RebuildableProjection] = {"photos": self.gallery}
        chosen = names or list(projections)
        return [f"{name}: {rebuild(self.runtime.store, projections[name])} events replayed" for name in chosen]

    async def _serve_health(self, checks: Mapping[str, Callable[[], object]]) -> asyncio.Server:
        return await serve_health(self.settings.bind, checks)


def build(settings: Settings, *, bucket: Bucket | None = None, clock: Callable[[], datetime] = now) -> App:
    """Wire assets. The keyword arguments stand in for the bucket and the time in tests."""
    runtime = Runtime.wire(
        "assets",
        make_engine(settings.database_url),
        make_engine(settings.vault_database_url, pool_size=4),
        settings.vault_kek_dir,
        KERNEL,
        REGISTRY,
        inline=lambda vault: [Gallery(vault)],
        traceparent=current_traceparent,
    )
    gallery = Gallery(runtime.vault)
    objects = Objects(bucket or _bucket(settings), runtime.vault)
    holdings = Holdings("assets", runtime.store, METADATA, runtime.vault, held(objects, gallery))
    participation = runtime.participation(holdings, on_begun=_refuse_tokens)
    return App(settings, runtime, objects, gallery, holdings, participation, clock)


def _bucket(settings: Settings) -> S3Bucket:
    keys = settings.s3_access_key.reveal(), settings.s3_secret_key.reveal()
    return S3Bucket.connect(settings.s3_endpoint, *keys, settings.s3_bucket)


def _refuse_tokens(tx: Transaction, account_id: str) -> None:
    revoke(connection_of(tx), account_id)


def migrate_databases(settings: Settings) -> None:
    """Bring assets' database and its vault to the newest version."""
    migrate(settings.database_url, MIGRATIONS)
    migrate_vault(make_engine(settings.vault_database_url), LocalKek(settings.vault_kek_dir))


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    openapi = {"openapi.json": dump(openapi_document(app.flask(None)))}
    return openapi | event_documents("assets", REGISTRY, METADATA, app.holdings, published.CONTRACTS)
