"""The bytes of an export beside what the object store and AES-GCM deliver when nothing else is done."""

import os
import time
from collections.abc import Callable

from benchmarks.figures import Figure
from nexoraz.assets.bootstrap import App
from nexoraz.events.presigned import http_upload
from nexoraz.events.segments import open_segments, seal_segments
from tests.journey.person import Person
from tests.journey.running import RunningSuite
from tests.size.filling import fill

MEGABYTES, PIECE = 64, 8 * 2**20


def raw(app: App) -> float:
    """MB/s: each byte is fetched and opened, sealed and put as a part, fetched and opened, sealed and put again, which
    is the least that an export through sealed parts takes."""
    bucket, key, content = app.objects.bucket, os.urandom(32), os.urandom(PIECE)
    sealed = b"".join(seal_segments(key, [content]))
    http_upload(bucket.presigned_put("bench/raw", 900), sealed)
    started = time.perf_counter()
    for _ in range(2 * MEGABYTES * 2**20 // PIECE):
        opened = open_segments(key, bucket.get("bench/raw").chunks)
        http_upload(bucket.presigned_put("bench/raw", 900), b"".join(seal_segments(key, opened)))
    taken = time.perf_counter() - started
    bucket.remove([*bucket.found("bench/")])
    return MEGABYTES / taken


def figure(
    suite: RunningSuite, app: App, quiet_person: Callable[[RunningSuite], Person], export: Callable[[Person], float]
) -> Figure:
    """An export of `MEGABYTES` from the request until the archive is there."""
    person = quiet_person(suite)
    fill(app, person.account_id, MEGABYTES, 0)
    ours = MEGABYTES / (export(person) / 1000)
    name = f"access export of {MEGABYTES} MB, request to archive"
    return Figure(name, ours, "MB/s", "object store and AES-GCM alone", raw(app), ">= 0.5")
