"""Puts assets together. The only module that names adapters; nothing is connected until something is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Flask

from nexoraz.assets.adapters import published, release_requests, subscribed
from nexoraz.assets.adapters.holdings import held
from nexoraz.assets.adapters.photo_index import SqlPhotos
from nexoraz.assets.adapters.sealed_photos import SealedPhotos, SealedThumbnails
from nexoraz.assets.adapters.thumbnail_process import ThumbnailProcess
from nexoraz.assets.adapters.training import ManifestSigner, SqlListing
from nexoraz.assets.application.arrange_album import AlbumChanges
from nexoraz.assets.application.change_photo import PhotoChanges
from nexoraz.assets.application.file_tasks import FileTasks
from nexoraz.assets.application.ports import Thumbnailer
from nexoraz.assets.application.release_photo import PhotoRelease
from nexoraz.assets.application.thumbnails import Thumbnails
from nexoraz.assets.application.training import Manifests, TrainingChoices
from nexoraz.assets.application.upload_photo import THUMBNAIL, Uploads
from nexoraz.assets.config import Settings
from nexoraz.assets.domain.events import EVENTS
from nexoraz.assets.domain.picture import Limits
from nexoraz.assets.projections.albums import Albums
from nexoraz.assets.projections.photos import Gallery
from nexoraz.assets.projections.quotas import Quotas
from nexoraz.assets.projections.search import SearchIndex
from nexoraz.assets.projections.tables import AUTH, KERNEL, METADATA
from nexoraz.assets.projections.thumbnails import ThumbnailIndex
from nexoraz.assets.projections.training import TrainingRecords
from nexoraz.assets.web.album import Album
from nexoraz.assets.web.albums import albums_blueprint
from nexoraz.assets.web.bin import bin_blueprint
from nexoraz.assets.web.refusals import REFUSALS
from nexoraz.assets.web.routes import photos_blueprint
from nexoraz.assets.web.search import search_blueprint
from nexoraz.assets.web.selection import selection_blueprint
from nexoraz.assets.web.training import training_blueprint
from nexoraz.assets.web.usage import usage_blueprint
from nexoraz.events import participant
from nexoraz.events.buckets import Bucket, S3Bucket
from nexoraz.events.holdings import Holdings
from nexoraz.events.objects import Objects
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan
from nexoraz.events.sql_store import now
from nexoraz.service import chassis
from nexoraz.service.allowances import allowances_of
from nexoraz.service.app import create_app, openapi_document
from nexoraz.service.auth import Authenticator
from nexoraz.service.database import ping
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.settings import Secret

TRAINING, THUMBNAILS, QUOTAS = TrainingRecords(), ThumbnailIndex(), Quotas()
REGISTRY = Registry.of([*EVENTS, *PROTOCOL_EVENTS])
SERVICE, VERSION, ROOT = "assets", "1.0.0", Path(__file__).resolve().parents[3]
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


@dataclass(frozen=True, kw_only=True, slots=True)
class App(participant.Participant):
    """Assets, wired."""

    settings: Settings
    objects: Objects
    gallery: Gallery
    search: SearchIndex
    training: TrainingRecords
    thumbnailer: Thumbnailer
    clock: Callable[[], datetime]

    @property
    def files(self) -> SealedPhotos:
        return SealedPhotos(self.objects)

    @property
    def small(self) -> SealedThumbnails:
        return SealedThumbnails(self.objects)

    @property
    def file_tasks(self) -> FileTasks:
        return FileTasks(
            self.runtime.store,
            self.runtime.tasks,
            SealedPhotos(self.objects),
            SealedThumbnails(self.objects),
            SqlPhotos(),
            self.clock,
        )

    @property
    def uploads(self) -> Uploads:
        limits = Limits(self.settings.photo_bytes, self.settings.photo_megapixels, self.settings.photo_side)
        seconds = self.settings.upload_seconds
        return Uploads(self.runtime.store, self.runtime.tasks, self.files, QUOTAS, limits, seconds, self.clock)

    @property
    def release(self) -> PhotoRelease:
        return PhotoRelease(self.runtime.store, self.files, SqlPhotos())

    @property
    def thumbnails(self) -> Thumbnails:
        return Thumbnails(self.runtime.store, SqlPhotos(), self.files, self.small, self.thumbnailer)

    @property
    def manifests(self) -> Manifests:
        runtime = self.runtime
        listing, sign = SqlListing(runtime.engine, self.training), ManifestSigner(runtime.vault)
        return Manifests(runtime.store, listing, runtime.vault, sign, self.clock)

    def web(self) -> Flask:
        """The HTTP side. Touches its database and bucket only."""
        return self.flask(IdempotencyKeys.of(self.runtime))

    def flask(self, idempotency_keys: IdempotencyKeys | None) -> Flask:
        """The HTTP side; without idempotency keys it can be described, but not served."""
        store, engine = self.runtime.store, self.runtime.engine
        changes = PhotoChanges(store, self.file_tasks, self.clock)
        album = Album(
            store,
            engine,
            self.gallery,
            self.uploads,
            changes,
            SealedPhotos(self.objects),
            SealedThumbnails(self.objects),
        )
        search = search_blueprint(album, self.search)
        photos = photos_blueprint(album)
        albums = albums_blueprint(album, Albums(self.runtime.vault), AlbumChanges(self.clock))
        usage = usage_blueprint(engine, QUOTAS)
        training = training_blueprint(album, self.training, TrainingChoices(self.clock))
        return create_app(
            SERVICE,
            VERSION,
            self.settings,
            [photos, bin_blueprint(album), selection_blueprint(album), albums, search, training, usage],
            {"database": ping(engine), "vault": self.runtime.vault.ping},
            refusals=REFUSALS,
            authenticator=Authenticator(engine, AUTH, self.settings.public_url),
            idempotency_keys=idempotency_keys,
            allowances=allowances_of(self.runtime.engine, idempotency_keys, self.settings.throttle_factor),
            may_serve=self.runtime.guard.may_serve,
        )

    def plan(self) -> WorkerPlan:
        """The tasks about files, and the release of photos."""
        return WorkerPlan(
            translate=published.translate,
            handlers=subscribed.HANDLERS,
            task_handlers={**self.file_tasks.handlers, THUMBNAIL: self.thumbnails.make},
            task_concurrency={THUMBNAIL: 1},
            rpc_handlers=release_requests.handlers(self.release),
        )


def build(
    settings: Settings,
    *,
    bucket: Bucket | None = None,
    thumbnailer: Thumbnailer | None = None,
    clock: Callable[[], datetime] = now,
) -> App:
    """Wire assets. The keyword arguments stand in for what is outside, and for the time, in tests."""
    runtime = Runtime.wire(
        SERVICE,
        chassis,
        settings,
        KERNEL,
        REGISTRY,
        lambda v: [Gallery(v), Albums(v), SearchIndex(v), TRAINING, THUMBNAILS, QUOTAS],
    )
    gallery, search = Gallery(runtime.vault), SearchIndex(runtime.vault)
    objects = Objects(bucket or S3Bucket.of(settings), runtime.vault)
    holdings = Holdings(SERVICE, runtime.store, METADATA, runtime.vault, held(objects, gallery))
    participation = runtime.participation(holdings)
    return App(
        settings=settings,
        runtime=runtime,
        holdings=holdings,
        participation=participation,
        read_models={
            "photos": gallery,
            "albums": Albums(runtime.vault),
            "search": search,
            "training": TRAINING,
            "thumbnails": THUMBNAILS,
            "plans": QUOTAS,
        },
        objects=objects,
        gallery=gallery,
        search=search,
        training=TRAINING,
        thumbnailer=thumbnailer or ThumbnailProcess(),
        clock=clock,
    )


def migrate_databases(settings: Settings) -> None:
    """Bring assets's database and its vault to the newest version."""
    participant.migrate_databases(chassis, settings, ROOT / "migrations")


def documents() -> Mapping[str, str]:
    """The generated documents; nothing is connected."""
    app = build(EXAMPLE)
    return app.documents(published.CONTRACTS, openapi_document(app.flask(None)))
