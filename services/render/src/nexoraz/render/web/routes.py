"""Render jobs and their pictures."""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Connection

from nexoraz.events.append import Driver
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, execute, repeated
from nexoraz.render.domain.commands import CancelRender
from nexoraz.render.domain.job import JOB, job_stream
from nexoraz.render.presets.catalogue import find
from nexoraz.render.projections.jobs import Filter, JobRecord, find_job, jobs_of, output_name
from nexoraz.render.web.live import LiveRenders
from nexoraz.render.web.ordering import Order, ask, ask_again
from nexoraz.render.web.presenting import presented, view
from nexoraz.render.web.schemas import JobsArgs, JobView, NewJob
from nexoraz.render.web.studio import Studio
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.downloads import StoredFile, download
from nexoraz.service.etags import not_modified, with_etag
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.paging import page, page_schema, read_cursor
from nexoraz.service.problems import Problem, not_found


def jobs_blueprint(studio: Studio, live: LiveRenders) -> Blueprint:
    jobs = Blueprint("jobs", __name__, url_prefix="/jobs", description="A person's renders")

    @jobs.route("", methods=["POST"])
    @authenticated
    @idempotent
    @jobs.arguments(NewJob)
    @jobs.response(202, JobView)
    def order(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Render one photo by one preset. It runs once its credits are reserved; follow it by its `Location`."""
        order = Order(str(body["photo_id"]), find(body["preset"]), body["wanted"])
        return ask(studio, caller.account_id, [order], once, lambda connection, jobs: _begun(connection, jobs[0], once))

    @jobs.route("", methods=["GET"])
    @authenticated
    @jobs.arguments(JobsArgs, location="query")
    @jobs.response(200, page_schema(JobView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The renders, newest first; of one photo, preset, state or time where asked."""
        cursor = read_cursor(args["cursor"], datetime, str)
        photo = None if args["photo_id"] is None else str(args["photo_id"])
        wanted = Filter(photo, args["preset"], args["state"], args["since"], args["until"])
        with studio.database.connect() as connection:
            rows = jobs_of(connection, caller.account_id, wanted, cursor, args["limit"] + 1)
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

    @jobs.route("/<uuid:job_id>/events", methods=["GET"])
    @authenticated
    @jobs.response(200, content_type="text/event-stream")
    @jobs.alt_response(503, "SERVICE_UNAVAILABLE")
    def events(job_id: UUID, *, caller: Caller) -> Response:
        """A render as it happens: server-sent events, history first. Resumes after Last-Event-ID."""
        return live.of_job(lambda: _find(studio, caller.account_id, str(job_id)))

    @jobs.route("/<uuid:job_id>/cancellation", methods=["POST"])
    @authenticated
    @jobs.response(200, JobView)
    @jobs.alt_response(409, "CONFLICT")
    def cancel(job_id: UUID, *, caller: Caller) -> Response:
        """Cancel a render. Its credits are free again, and what was made of it is deleted; a render that runs stops at
        its next stage. One that has ended is refused with how it ended. Repeating it changes nothing."""
        owner, id_ = caller.account_id, str(job_id)

        def work(tx: Transaction) -> JobRecord:
            _owned(connection_of(tx), owner, id_)
            execute(tx, JOB, job_stream(id_, owner), CancelRender(id_, studio.clock()))
            return _owned(connection_of(tx), owner, id_)

        job = repeated(studio.store, work)
        return with_etag(presented(job), job.version)

    @jobs.route("/<uuid:job_id>/retry", methods=["POST"])
    @authenticated
    @idempotent
    @jobs.response(202, JobView)
    def retry(job_id: UUID, *, caller: Caller, once: Once) -> Response:
        """Try a failed render again: a new job takes its place, in its batch too, and reserves credits of its own. Each
        failed job is retried once, and a picture is asked for three times at most."""
        answer = partial(_begun, once=once)
        return ask_again(studio, caller.account_id, str(job_id), once, answer)

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


def _begun(connection: Connection, job: JobRecord, once: Once) -> Response:
    headers = {"Location": f"/v1/render/jobs/{job.id}"}
    return once.finish(connection, presented(job), status=202, headers=headers)


def _find(studio: Studio, account_id: str, job_id: str) -> JobRecord:
    with studio.questions.connection() as connection:
        return _owned(connection, account_id, job_id)


def _owned(connection: Connection | Driver, account_id: str, job_id: str) -> JobRecord:
    job = find_job(connection, account_id, job_id)
    if job is None:
        raise not_found()
    return job
