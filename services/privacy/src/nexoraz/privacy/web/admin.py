"""What operators see and do (/v1/privacy/admin). Each use is recorded before anything is shown (audited.py)."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.domain.attention import concerns, waiting_for
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.projections.accesses import all_accesses
from nexoraz.privacy.projections.queue import Wanted, participant_records, wanted_requests
from nexoraz.privacy.projections.requests import RequestRecord
from nexoraz.privacy.web.audited import audited
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.schemas import AccessArgs, AccessView, Participants, QueueArgs, QueuedRequest
from nexoraz.service.app import Blueprint
from nexoraz.service.paging import page, page_schema, read_cursor


def admin_blueprint(desk: Desk) -> Blueprint:
    """For operators. Modules with more routes add them to what this returns."""
    admin = Blueprint("admin", __name__, url_prefix="/admin", description="For operators; every use is recorded")

    @admin.route("/requests", methods=["GET"])
    @audited(desk, "see-queue")
    @admin.arguments(QueueArgs, location="query")
    @admin.response(200, page_schema(QueuedRequest))
    def queue(args: dict[str, Any], *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Requests, those that are due first first: what is late, due soon, or waits for a participant."""
        after, now = read_cursor(args["cursor"], datetime, str), desk.clock()
        rows = wanted_requests(connection_of(tx), _wanted(args, now), after, args["limit"] + 1)
        found = page(list(rows), args["limit"], key=lambda row: (row.deadline_at, row.id))
        look.requests.update(row.id for row in found["items"])
        found["items"] = [_queued(row, desk.requests.state_of(tx, row.id), now) for row in found["items"]]
        return found

    @admin.route("/participants", methods=["GET"])
    @audited(desk, "see-participants")
    @admin.response(200, Participants)
    def participants(*, tx: Transaction, look: Look) -> dict[str, Any]:
        """Who takes part, how many active requests wait for each, and since when."""
        del look  # concerns nobody in particular
        return {"items": participant_records(connection_of(tx))}

    @admin.route("/accesses", methods=["GET"])
    @audited(desk, "see-accesses")
    @admin.arguments(AccessArgs, location="query")
    @admin.response(200, page_schema(AccessView))
    def accesses(args: dict[str, Any], *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Who looked at what and why, newest first. This look is recorded too, and stands in the next page."""
        del look  # concerns nobody in particular
        before = read_cursor(args["cursor"], datetime, str, str)
        operator_id = str(args["operator"]) if args["operator"] else None
        rows = all_accesses(connection_of(tx), operator_id, before, args["limit"] + 1)
        return page(list(rows), args["limit"], key=lambda row: (row.at, row.id, row.request_id))

    return admin


def _wanted(args: dict[str, Any], now: datetime) -> Wanted:
    within = args["due_within_days"]
    due_before = now if args["late"] else None if within is None else now + timedelta(days=within)
    return Wanted(args["state"], args["type"], due_before, args["participant"])


def _queued(row: RequestRecord, state: Request, now: datetime) -> dict[str, Any]:
    return dataclasses.asdict(row) | {"waiting_for": waiting_for(state), "attention": concerns(state, now)}
