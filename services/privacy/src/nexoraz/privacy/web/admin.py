"""What operators see and do (/v1/privacy/admin). Each use is recorded before anything is shown (audited.py)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.projections.accesses import all_accesses
from nexoraz.privacy.web.audited import audited
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.schemas import AccessArgs, AccessView, RequestView
from nexoraz.privacy.web.views import request_view
from nexoraz.service.app import Blueprint
from nexoraz.service.paging import page, page_schema, read_cursor
from nexoraz.service.problems import not_found


def admin_blueprint(desk: Desk) -> Blueprint:
    """For operators. Modules with more routes add them to what this returns."""
    admin = Blueprint("admin", __name__, url_prefix="/admin", description="For operators; every use is recorded")

    @admin.route("/requests/<uuid:request_id>", methods=["GET"])
    @audited(desk, "see-request")
    @admin.response(200, RequestView)
    @admin.alt_response(404, "NOT_FOUND")
    def one(request_id: UUID, *, tx: Transaction, look: Look) -> dict[str, Any]:
        """One request, as its person sees it."""
        state = desk.requests.state_of(tx, str(request_id))
        if not state.id:
            raise not_found()
        look.requests.add(state.id)
        return request_view(state, desk.clock(), connection_of(tx))

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
