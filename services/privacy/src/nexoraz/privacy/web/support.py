"""Support, and requests that come without a sign-in: form, confirmation, the operators' desk (clauses X4, U2)."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, repeated
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.application.referrals import Written
from nexoraz.privacy.domain import referral as r
from nexoraz.privacy.projections.referrals import waiting_referrals
from nexoraz.privacy.web.audited import audited
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.schemas import AcceptedRequest
from nexoraz.privacy.web.support_schemas import Message, MessageView, Reply, SupportTicket
from nexoraz.privacy.web.views import request_view
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated_for_requests
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import not_found

ADDRESS = "support@nexoraz.pro"
PAGE = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Write to us</title></head><body><h1>Write to us</h1>
<p>Or by mail: {ADDRESS}. A request about your data is confirmed by a mail to the address that you give.</p>
<form method="post">
<p><label>Your mail address <input type="email" name="email" maxlength="254" required></label></p>
<p><label>About <select
name="about"><option value="question">a question</option>
<option value="access">a copy of my data</option><option value="erasure">the erasure of my account</option></select>
</label></p>
<p><label>Your message <textarea name="text" maxlength="2000" required></textarea></label></p>
<button>Send</button></form></body></html>
"""
TAKEN = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>We have it</title></head><body><h1>We have it</h1>
<p>We answer by mail. What you wrote has the number {id}.</p></body></html>
"""


def support_blueprint(desk: Desk) -> Blueprint:
    """Open to everyone, but for the confirmation."""
    support = Blueprint("support", __name__, url_prefix="", description="Support")

    @support.route("/support", methods=["GET"])
    @support.response(200, content_type="text/html")
    def form() -> Response:
        """The form as a page; it loads nothing and runs no script."""
        return _html(PAGE)

    @support.route("/support", methods=["POST"])
    @support.arguments(Message, location="form")
    @support.response(200, content_type="text/html")
    def send_form(body: dict[str, Any]) -> Response:
        """What the form sends."""
        return _html(TAKEN.format(id=repeated(desk.store, lambda tx: _take(desk, tx, body))))

    @support.route("/support/messages", methods=["POST"])
    @idempotent
    @support.arguments(Message)
    @support.response(202, SupportTicket)
    def send(body: dict[str, Any], *, once: Once) -> Response:
        """Ask a question, answered by mail, or for your data: then you are mailed, and confirm it."""

        def work(tx: Transaction) -> Response:
            once.begin(connection_of(tx))
            return once.finish(connection_of(tx), {"id": _take(desk, tx, body)}, status=202)

        return repeated(desk.store, work)

    @support.route("/requests/referred/<uuid:referral_id>/confirmation", methods=["POST"])
    @authenticated_for_requests
    @support.response(202, AcceptedRequest)
    @support.alt_response(404, "NOT_FOUND")
    @support.alt_response(409, "CONFLICT")
    def confirm(referral_id: UUID, *, caller: Caller) -> dict[str, Any]:
        """Say that a request which came without a sign-in is yours: from now on it is a request of your account."""

        def work(tx: Transaction) -> dict[str, Any]:
            accepted = desk.referrals.confirm(tx, str(referral_id), caller.account_id, caller.authenticated_at)
            shown = request_view(desk.requests.state_of(tx, accepted.request_id), desk.clock(), tx)
            return shown | {"token": accepted.token}

        return repeated(desk.store, work)

    return support


def add_support(admin: Blueprint, desk: Desk) -> Blueprint:
    """Add the operators' routes."""

    @admin.route("/support", methods=["GET"])
    @audited(desk, "see-support")
    @admin.arguments(PageArgs, location="query")
    @admin.response(200, page_schema(MessageView))
    def queue(args: dict[str, Any], *, tx: Transaction, look: Look) -> dict[str, Any]:
        """What came and is not settled, with what was written; due first first."""
        del look  # whose it is is not known
        after = read_cursor(args["cursor"], datetime, str)
        rows = waiting_referrals(connection_of(tx), after, args["limit"] + 1)
        found = page(list(rows), args["limit"], key=lambda row: (row.due_at, row.id))
        found["items"] = [asdict(row) | _written(desk, tx, row.id) for row in found["items"]]
        return found

    @admin.route("/support/<uuid:referral_id>/answer", methods=["POST"])
    @audited(desk, "answer-support")
    @admin.arguments(Reply)
    @admin.response(202, SupportTicket)
    @admin.alt_response(404, "NOT_FOUND")
    @admin.alt_response(409, "CONFLICT")
    def answer(body: dict[str, Any], referral_id: UUID, *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Answer a question by mail, once."""
        del look  # whose it is is not known
        desk.referrals.answer(tx, str(referral_id), body["text"])
        return {"id": str(referral_id)}

    @admin.route("/support", methods=["POST"])
    @audited(desk, "enter-mail")
    @admin.arguments(Message)
    @admin.response(202, SupportTicket)
    def enter(body: dict[str, Any], *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Enter what came by mail to the support address, so that it is tracked like what came by the form."""
        del look  # whose it is is not known
        return {"id": _take(desk, tx, body, r.Source.MAIL)}

    return admin


def _take(desk: Desk, tx: Transaction, body: dict[str, Any], source: r.Source = r.Source.FORM) -> str:
    return desk.referrals.receive(tx, r.About(body["about"]), Written(body["email"], body["text"]), source)


def _written(desk: Desk, tx: Transaction, referral_id: str) -> dict[str, str]:
    written = desk.referrals.contents.read(tx, referral_id)
    if written is None:
        raise not_found()
    return {"email": written.email, "text": written.text}


def _html(text: str) -> Response:
    return Response(text, content_type="text/html; charset=utf-8")
