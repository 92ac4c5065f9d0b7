"""Payments that are held for review (/v1/billing/admin), and who looked at one's own. Nothing is shown to an operator
before the look is recorded, in one transaction (decision 0019)."""

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from nexoraz.billing.application.reviewing import Look, Reviewing
from nexoraz.billing.projections.reviews import find_review, looks_at, waiting_reviews
from nexoraz.billing.web.review_schemas import LookView, ReviewView
from nexoraz.events.decider import Refused
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, Transaction, repeated
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated, operator
from nexoraz.service.documentation import document
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import Problem, not_found

HEADER = "Nexoraz-Purpose"
PURPOSES = ["request-handling", "complaint", "legal-claim", "authority-inquiry", "security-incident", "audit"]
"""Words of privacy's list; a free text could name somebody in a record that outlives the person."""
_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "Why you look; recorded, and shown to the person whom it concerns",
    "schema": {"type": "string", "enum": PURPOSES},
    "example": "security-incident",
}
View = Callable[..., ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    store: EventStore
    engine: Engine
    reviewing: Reviewing


def audited(desk: ReviewDesk, action: str) -> Callable[[View], View]:
    """For operators only. The view gets `tx` and `look`, and says in `look` whom it concerns."""

    def wrap(view: View) -> View:
        @operator
        @functools.wraps(view)
        def guarded(*args: Any, caller: Caller, **kwargs: Any) -> ResponseReturnValue:
            look = Look(caller.account_id, action, _purpose())

            def work(tx: Transaction) -> ResponseReturnValue:
                answer = view(*args, tx=tx, look=look, **kwargs)
                desk.reviewing.record(tx, look)
                return answer

            try:
                return repeated(desk.store, work)
            except (Problem, Refused):
                with desk.store.transaction() as tx:
                    desk.reviewing.record(tx, look, refused=True)
                raise

        document(guarded, refusals=["BAD_REQUEST"], headers=[_PARAMETER])
        return guarded

    return wrap


def _purpose() -> str:
    given = request.headers.get(HEADER, "")
    if given not in PURPOSES:
        title = f"Say why you look, in {HEADER}"
        raise Problem("purpose-required", 400, title, extensions={"purposes": PURPOSES})
    return given


def reviews_blueprint(desk: ReviewDesk) -> Blueprint:
    admin = Blueprint("reviews", __name__, url_prefix="/admin", description="For operators; every use is recorded")

    @admin.route("/reviews", methods=["GET"])
    @audited(desk, "see-reviews")
    @admin.arguments(PageArgs, location="query")
    @admin.response(200, page_schema(ReviewView))
    def queue(args: dict[str, Any], *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Payments that wait for a review, the oldest first, with the rules that held them."""
        after = read_cursor(args["cursor"], datetime, str)
        rows = waiting_reviews(connection_of(tx), after, args["limit"] + 1)
        found = page(list(rows), args["limit"], key=lambda row: (row.held_at, row.purchase_id))
        look.accounts.update(row.account_id for row in found["items"])
        return found

    def decided(tx: Transaction, look: Look, purchase_id: UUID, *, released: bool) -> dict[str, Any]:
        found = find_review(connection_of(tx), str(purchase_id))
        if found is None:
            raise not_found()
        look.accounts.add(found.account_id)
        desk.reviewing.decide(tx, found.account_id, found.purchase_id, released=released)
        return asdict(find_review(connection_of(tx), str(purchase_id)) or found)

    @admin.route("/reviews/<uuid:purchase_id>/release", methods=["POST"])
    @audited(desk, "release-payment")
    @admin.response(200, ReviewView)
    @admin.alt_response(404, "NOT_FOUND")
    @admin.alt_response(409, "CONFLICT")
    def release(purchase_id: UUID, *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Nothing is wrong: the person can use the credits. 409 when it was decided before."""
        return decided(tx, look, purchase_id, released=True)

    @admin.route("/reviews/<uuid:purchase_id>/refusal", methods=["POST"])
    @audited(desk, "refuse-payment")
    @admin.response(200, ReviewView)
    @admin.alt_response(404, "NOT_FOUND")
    @admin.alt_response(409, "CONFLICT")
    def refuse(purchase_id: UUID, *, tx: Transaction, look: Look) -> dict[str, Any]:
        """The payment is not accepted: the credits never come, and all of the money goes back."""
        return decided(tx, look, purchase_id, released=False)

    return admin


def looks_blueprint(engine: Engine) -> Blueprint:
    looks = Blueprint("accesses", __name__, url_prefix="/accesses", description="Who looked at a person's payments")

    @looks.route("", methods=["GET"])
    @authenticated
    @looks.arguments(PageArgs, location="query")
    @looks.response(200, page_schema(LookView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """Every look of an operator at your payments, newest first, and why."""
        before = read_cursor(args["cursor"], datetime, str)
        with engine.connect() as connection:
            rows = looks_at(connection, caller.account_id, before, args["limit"] + 1)
        return page(list(rows), args["limit"], key=lambda row: (row.at, row.id))

    return looks
