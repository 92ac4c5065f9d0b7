"""Batches: every one of some photos by every one of some presets, as one request."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from flask import Response
from sqlalchemy import Connection

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, execute, repeated
from nexoraz.render.domain.commands import CancelRender
from nexoraz.render.domain.job import JOB, job_stream
from nexoraz.render.presets.catalogue import find
from nexoraz.render.projections.jobs import JobRecord, jobs_of_batch
from nexoraz.render.web.live import LiveRenders
from nexoraz.render.web.ordering import Order, ask
from nexoraz.render.web.presenting import batch_version, presented_batch
from nexoraz.render.web.schemas import BatchView, NewBatch
from nexoraz.render.web.studio import Studio
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.etags import not_modified, with_etag
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.problems import not_found


def batches_blueprint(studio: Studio, live: LiveRenders) -> Blueprint:
    batches = Blueprint("batches", __name__, url_prefix="/batches", description="Renders that were asked for together")

    @batches.route("", methods=["POST"])
    @authenticated
    @idempotent
    @batches.arguments(NewBatch)
    @batches.response(202, BatchView)
    def order(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Render every photo by every preset. Follow the batch by its `Location`.

        The request is accepted as a whole or not at all. Its jobs then stand alone: each reserves its own credits, so
        with too few for all, as many run as can be paid for and the others fail with `credits-exhausted`; one that
        fails releases its own credits and no other's."""
        batch_id = str(uuid4())
        orders = [
            Order(str(photo), find(preset), body["wanted"], batch_id)
            for photo in body["photo_ids"]
            for preset in body["presets"]
        ]

        def answer(connection: Connection, jobs: list[JobRecord]) -> Response:
            headers = {"Location": f"/v1/render/batches/{batch_id}"}
            return once.finish(connection, presented_batch(batch_id, jobs), status=202, headers=headers)

        return ask(studio, caller.account_id, orders, once, answer)

    @batches.route("/<uuid:batch_id>", methods=["GET"])
    @authenticated
    @batches.response(200, BatchView)
    def one(batch_id: UUID, *, caller: Caller) -> Response:
        """How far a batch is: its jobs, and how many are in which state."""
        with studio.database.connect() as connection:
            jobs = _found(connection, caller.account_id, str(batch_id))
        unchanged = not_modified(batch_version(jobs))
        return unchanged or with_etag(presented_batch(str(batch_id), jobs), batch_version(jobs))

    @batches.route("/<uuid:batch_id>/events", methods=["GET"])
    @authenticated
    @batches.response(200, content_type="text/event-stream")
    @batches.alt_response(503, "SERVICE_UNAVAILABLE")
    def events(batch_id: UUID, *, caller: Caller) -> Response:
        """A batch as it happens: server-sent events, each of which says how all of it is."""

        def found() -> Sequence[JobRecord]:
            with studio.database.connect() as connection:
                return _found(connection, caller.account_id, str(batch_id))

        return live.of_batch(str(batch_id), found)

    @batches.route("/<uuid:batch_id>/cancellation", methods=["POST"])
    @authenticated
    @batches.response(200, BatchView)
    def cancel(batch_id: UUID, *, caller: Caller) -> Response:
        """Cancel every job of the batch that has not ended; the others stay as they are. May be repeated."""

        def work(tx: Transaction) -> Sequence[JobRecord]:
            for job in _found(connection_of(tx), caller.account_id, str(batch_id)):
                if not job.ended:
                    execute(tx, JOB, job_stream(job.id, caller.account_id), CancelRender(job.id, studio.clock()))
            return _found(connection_of(tx), caller.account_id, str(batch_id))

        jobs = repeated(studio.store, work)
        return with_etag(presented_batch(str(batch_id), jobs), batch_version(jobs))

    return batches


def _found(connection: Connection, account_id: str, batch_id: str) -> Sequence[JobRecord]:
    jobs = jobs_of_batch(connection, account_id, batch_id)
    if not jobs:
        raise not_found()
    return jobs
