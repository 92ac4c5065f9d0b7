"""Presets, render jobs and their pictures."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from flask import Response
from sqlalchemy import Engine as Database

from nexoraz.events.questions import Questions
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, Transaction, start
from nexoraz.render.domain.job import JOB, RequestRender, job_stream
from nexoraz.render.presets.catalogue import find, presets
from nexoraz.render.projections.jobs import JobRecord, find_job, jobs_of, output_name, requested
from nexoraz.render.projections.photos import owns_photo
from nexoraz.render.web.presenting import presented, view
from nexoraz.render.web.schemas import JobView, NewJob, PresetList
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.downloads import StoredFile, download
from nexoraz.service.etags import not_modified, with_etag
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import Problem, not_found

PATIENCE_S = 2.0
"""How long a request waits for assets' news of a photo that was uploaded a moment ago."""
LOOK_EVERY_S = 0.05


class StoredPictures(Protocol):
    """Reads finished pictures."""

    def read(self, account_id: str, output_id: str, start: int, end: int | None) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Studio:
    """What the routes need. store: appends. database, questions: answers."""

    store: EventStore
    database: Database
    questions: Questions
    pictures: StoredPictures
    clock: Callable[[], datetime]


def presets_blueprint() -> Blueprint:
    catalogue = Blueprint("presets", __name__, url_prefix="/presets", description="The looks that a photo can be given")

    @catalogue.route("", methods=["GET"])
    @catalogue.response(200, PresetList)
    def listed() -> dict[str, Any]:
        """Every preset and its price in credits."""
        return {"items": list(presets().values())}

    return catalogue


def jobs_blueprint(studio: Studio) -> Blueprint:
    jobs = Blueprint("jobs", __name__, url_prefix="/jobs", description="A person's renders")

    @jobs.route("", methods=["POST"])
    @authenticated
    @idempotent
    @jobs.arguments(NewJob)
    @jobs.response(202, JobView)
    def ask(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Render one photo by one preset. It runs once its credits are reserved; follow it by its `Location`."""
        return _ask(studio, caller.account_id, str(body["photo_id"]), body["preset"], once)

    @jobs.route("", methods=["GET"])
    @authenticated
    @jobs.arguments(PageArgs, location="query")
    @jobs.response(200, page_schema(JobView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The renders, newest first."""
        cursor = read_cursor(args["cursor"], datetime, str)
        with studio.database.connect() as connection:
            rows = jobs_of(connection, caller.account_id, cursor, args["limit"] + 1)
        paged = page(list(rows), args["limit"], key=lambda row: (row.requested_at, row.id))
        return {**paged, "items": [view(job) for job in paged["items"]]}

    @jobs.route("/<uuid:job_id>", methods=["GET"])
    @authenticated
    @jobs.response(200, JobView)
    def one(job_id: UUID, *, caller: Caller) -> Response:
        """One render and how far it is."""
        job = _find(studio, caller.account_id, str(job_id))
        if not_modified(job.version):
            return Response(status=304)
        return with_etag(presented(job), job.version)

    @jobs.route("/<uuid:job_id>/output", methods=["GET"])
    @authenticated
    @jobs.response(200, description="The picture; ranges are answered.")
    def output(job_id: UUID, *, caller: Caller) -> Response:
        """The finished picture."""
        job = _find(studio, caller.account_id, str(job_id))
        if job.output_id is None or job.size is None or job.media_type is None:
            title = "The picture is not there" if job.ended else "The picture is not there yet"
            raise Problem(rule="render-not-completed", status=409, title=title, extensions={"state": job.state})
        output_id, owner = job.output_id, job.account_id
        file = StoredFile(job.size, job.media_type, output_id, output_name(job.preset, output_id, job.media_type))
        return download(file, lambda start, end: studio.pictures.read(owner, output_id, start, end))

    return jobs


def _ask(studio: Studio, account_id: str, photo_id: str, preset_id: str, once: Once) -> Response:
    """Assets tells of new photos over the bus, so one may be asked for before its news is here; nothing is held open
    while it is waited for."""
    preset = find(preset_id)
    give_up = time.monotonic() + PATIENCE_S
    while True:
        with studio.store.transaction() as tx:
            once.begin(connection_of(tx))
            if owns_photo(connection_of(tx), account_id, photo_id):
                command = RequestRender(account_id, str(uuid4()), photo_id, preset.id, preset.credits, studio.clock())
                return _begin(tx, command, once)
        if time.monotonic() > give_up:
            raise _photo_unknown()
        time.sleep(LOOK_EVERY_S)


def _begin(tx: Transaction, command: RequestRender, once: Once) -> Response:
    [recorded] = start(tx, JOB, job_stream(command.job_id, command.account_id), command)
    job = requested(recorded.event, recorded.version)
    headers = {"Location": f"/v1/render/jobs/{job.id}"}
    return once.finish(connection_of(tx), presented(job), status=202, headers=headers)


def _photo_unknown() -> Problem:
    """One answer for an unknown photo, another person's, and one whose news is late."""
    detail = "A photo that was uploaded a moment ago may take a little while to be known here; then try again."
    return Problem("photo-unknown", 404, "You have no such photo", detail, headers={"Retry-After": "2"})


def _find(studio: Studio, account_id: str, job_id: str) -> JobRecord:
    with studio.questions.connection() as connection:
        job = find_job(connection, account_id, job_id)
    if job is None:
        raise not_found()
    return job
