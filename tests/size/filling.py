"""An account of any size, written into the stores of a running suite by the service itself, faster than by uploads."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

from nexoraz.assets.adapters.sealed_photos import PHOTOS
from nexoraz.assets.bootstrap import App, build
from nexoraz.assets.config import Settings
from nexoraz.assets.domain.events import PhotoTitled, PhotoUploaded
from nexoraz.assets.domain.photo import photo_stream
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import Layout
from nexoraz.local.suite import Suite
from nexoraz.service.settings import load
from tests.journey.demo import ROOT
from tests.journey.running import RunningSuite

MEBIBYTE = 2**20
PHOTO_BYTES = 4 * MEBIBYTE
EVENTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written: photos with files of `PHOTO_BYTES`, all with the same content, and events in assets."""

    photos: tuple[str, ...]
    events: int
    content: bytes


def assets_of(suite: RunningSuite) -> App:
    """The service assets on the suite's stores, in this process."""
    layout = Layout(ROOT, suite.var.resolve(), suite.port)
    environment = Suite(layout, Credentials(layout.secrets)).environment("assets", layout.web_port("assets"))
    return build(load(Settings, environment))


def fill(app: App, account_id: str, megabytes: int, events: int) -> Filled:
    """Photos of that many MiB together, and that many events about them: each uploaded, then titled anew in turn."""
    content = os.urandom(PHOTO_BYTES)
    photos = tuple(str(uuid4()) for _ in range(max(1, megabytes * MEBIBYTE // PHOTO_BYTES)))
    for photo in photos:
        app.objects.put_stream(account_id, PHOTOS, photo, iter([content]), PHOTO_BYTES)
    written = _events(account_id, photos, events)
    kept = app.runtime.store
    plain = SqlEventStore(kept.engine, kept.tables, kept.registry, kept.sealer)
    for photo, version, event in islice(written, len(photos)):
        with kept.transaction() as tx:
            tx.append(photo_stream(photo, account_id), version, [event])
    while group := list(islice(written, EVENTS_AT_ONCE)):
        with plain.transaction() as tx:  # titles that the gallery need not know
            for photo, version, event in group:
                tx.append(photo_stream(photo, account_id), version, [event])
    return Filled(photos, max(events, len(photos)), content)


def _events(
    account_id: str, photos: tuple[str, ...], events: int
) -> Iterator[tuple[str, int, PhotoUploaded | PhotoTitled]]:
    at = datetime.now(UTC)
    for photo in photos:
        yield photo, 0, PhotoUploaded(account_id, photo, "a cup", "image/jpeg", 4000, 3000, PHOTO_BYTES, at)
    for n in range(events - len(photos)):
        photo = photos[n % len(photos)]
        yield photo, 1 + n // len(photos), PhotoTitled(account_id, photo, f"cup number {n}")
