"""Requests: asking, following, withdrawing, and taking what came of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, repeated
from nexoraz.privacy.application.requests import Asked
from nexoraz.privacy.domain.vocabulary import RequestType
from nexoraz.privacy.projections.accesses import accesses_of_account
from nexoraz.privacy.projections.requests import belongs_to, requests_of
from nexoraz.privacy.web import downloads
from nexoraz.privacy.web.access import follower
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.live import LiveRequests
from nexoraz.privacy.web.schemas import AcceptedRequest, NewRequest, OwnAccessView, RequestSummary, RequestView
from nexoraz.privacy.web.views import ROOT, request_view
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated_for_requests
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import not_found


def requests_blueprint(desk: Desk) -> Blueprint:
    """What a signed-in person can do."""
    requests = Blueprint("requests", __name__, url_prefix="/requests", description="Requests about one's own data")

    @requests.route("", methods=["POST"])
    @authenticated_for_requests
    @idempotent
    @requests.arguments(NewRequest)
    @requests.response(202, AcceptedRequest)
    def ask(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Ask for access, erasure, a correction, or object to a purpose, shortly after a sign-in.

        The token opens the request when the account is gone."""
        return _ask(desk, body, caller, once)

    @requests.route("", methods=["GET"])
    @authenticated_for_requests
    @requests.arguments(PageArgs, location="query")
    @requests.response(200, page_schema(RequestSummary))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The requests of the account, newest first."""
        cursor = read_cursor(args["cursor"], datetime, str)
        with desk.engine.connect() as connection:
            rows = requests_of(connection, caller.account_id, cursor, args["limit"] + 1)
        return page(list(rows), args["limit"], key=lambda row: (row.received_at, row.id))

    @requests.route("/<uuid:request_id>/withdrawal", methods=["POST"])
    @authenticated_for_requests
    @requests.response(200, RequestView)
    def withdraw(request_id: UUID, *, caller: Caller) -> dict[str, Any]:
        """Take an erasure back while it is in its grace period."""

        def work(tx: Transaction) -> dict[str, Any]:
            if not belongs_to(connection_of(tx), str(request_id), caller.account_id):
                raise not_found()
            desk.requests.withdraw(tx, str(request_id))
            return request_view(desk.requests.state_of(tx, str(request_id)), desk.clock(), tx)

        return repeated(desk.store, work)

    @requests.route("/<uuid:request_id>/archive", methods=["GET"])
    @authenticated_for_requests
    @requests.response(200, content_type="application/zip")
    def archive(request_id: UUID, *, caller: Caller) -> Response:
        """The archive of an access request. Ranges are served, so a download can be resumed."""
        return downloads.archive(desk, str(request_id), caller)

    @requests.route("/accesses", methods=["GET"])
    @authenticated_for_requests
    @requests.arguments(PageArgs, location="query")
    @requests.response(200, page_schema(OwnAccessView))
    def accesses(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """When operators looked at anything of the account, and why; newest first (clause S1)."""
        cursor = read_cursor(args["cursor"], datetime, str)
        with desk.engine.connect() as connection:
            rows = accesses_of_account(connection, caller.account_id, cursor, args["limit"] + 1)
        return page(list(rows), args["limit"], key=lambda row: (row.at, row.id))

    return requests


def following_blueprint(desk: Desk) -> Blueprint:
    """What a session, or the token of the request, can see."""
    following = Blueprint("following", __name__, url_prefix="/requests", description="Following one request")
    live = LiveRequests(desk)

    @following.route("/<uuid:request_id>", methods=["GET"])
    @follower(desk)
    @following.response(200, RequestView)
    def one(*, request_id: str) -> dict[str, Any]:
        """Where the request stands, who has answered, and what needs attention."""
        with desk.store.transaction() as tx:
            return request_view(desk.requests.state_of(tx, request_id), desk.clock(), tx)

    @following.route("/<uuid:request_id>/events", methods=["GET"])
    @follower(desk)
    @following.response(200, content_type="text/event-stream")
    def events(*, request_id: str) -> Response:
        """The request as it happens: server-sent events, history first. Resumes after Last-Event-ID."""
        return live.response(request_id)

    @following.route("/<uuid:request_id>/certificate", methods=["GET"])
    @follower(desk)
    @following.response(200)
    def certificate(*, request_id: str) -> Response:
        """The signed certificate of an erasure, to be checked with nexoraz-verify."""
        return downloads.certificate(desk, request_id)

    @following.route("/<uuid:request_id>/certificate/amendments", methods=["GET"])
    @follower(desk)
    @following.response(200)
    def amendments(*, request_id: str) -> Response:
        """What came to be true after the certificate, such as the end of a key epoch; for nexoraz-verify, too."""
        return downloads.amendments(desk, request_id)

    return following


def _ask(desk: Desk, body: dict[str, Any], caller: Caller, once: Once) -> Response:
    asked = Asked(
        caller.account_id,
        RequestType(body["type"]),
        caller.authenticated_at,
        body["immediate"],
        body.get("field") or body.get("purpose") or "",
        body.get("text", ""),
    )

    def work(tx: Transaction) -> Response:
        connection = connection_of(tx)
        once.begin(connection)
        accepted = desk.requests.submit(tx, asked)
        shown = request_view(desk.requests.state_of(tx, accepted.request_id), desk.clock(), tx)
        view = AcceptedRequest().dump(shown | {"token": accepted.token})
        location = {"Location": f"{ROOT}/{accepted.request_id}"}
        return once.finish(connection, view, status=202, headers=location)

    return repeated(desk.store, work)
