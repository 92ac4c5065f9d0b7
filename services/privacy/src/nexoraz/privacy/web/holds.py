"""Legal holds and the retention report: what operators do, and what a person sees."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.holds import Holds, NewHold
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.domain.hold import HoldState
from nexoraz.privacy.projections import holds as rows
from nexoraz.privacy.web.audited import audited
from nexoraz.privacy.web.desk import Desk
from nexoraz.service.app import Blueprint, Schema
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.problems import not_found

STATES = [state.value for state in HoldState]
MOST = 1_000


@dataclass(frozen=True, slots=True)
class HoldDesk:
    """What the routes need."""

    desk: Desk
    holds: Holds
    book: rows.Holds


class NewHoldBody(Schema):
    account_id = fields.UUID(required=True)
    participant = fields.String(required=True, validate=validate.Length(1, 40), metadata={"example": "billing"})
    store = fields.String(
        load_default="",
        validate=validate.Length(max=80),
        metadata={"description": "As a receipt names it; empty to hold a category", "example": "purchases"},
    )
    record_id = fields.String(
        load_default="", validate=validate.Length(max=200), metadata={"example": "6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30"}
    )
    category = fields.String(load_default="", validate=validate.Length(max=100), metadata={"example": "user.financial"})
    basis = fields.String(
        required=True,
        validate=validate.Length(5, 200),
        metadata={
            "description": "The legal basis; the person and the certificate are told these words",
            "example": "GDPR Art. 17(3)(e): legal claims",
        },
    )
    reason = fields.String(
        required=True,
        validate=validate.Length(1, 2_000),
        metadata={"description": "For operators; stored sealed", "example": "A claim is before the court"},
    )
    until = fields.AwareDateTime(required=True, default_timezone=UTC)
    told = fields.Boolean(load_default=True, metadata={"description": "False when a law forbids to tell the person"})

    @validates_schema
    def one_or_all(self, data: dict[str, Any], **_: Any) -> None:
        """A record of a store, or a category."""
        if bool(data["store"]) != bool(data["record_id"]) or bool(data["store"]) == bool(data["category"]):
            raise ValidationError("Name a store and a record_id, or a category", "store")


class OwnHold(Schema):
    id = fields.String(required=True, metadata={"example": "6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30"})
    participant = fields.String(required=True, metadata={"example": "billing"})
    store = fields.String(required=True, metadata={"example": "purchases"})
    category = fields.String(required=True, metadata={"example": "user.financial"})
    basis = fields.String(required=True, metadata={"example": "GDPR Art. 17(3)(e): legal claims"})
    until = fields.DateTime(required=True)
    placed_at = fields.DateTime(required=True)


class HoldView(OwnHold):
    record_id = fields.String(required=True, metadata={"example": "6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30"})
    told = fields.Boolean(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES), metadata={"example": "placed"})
    outcome = fields.String(
        required=True, metadata={"description": "What the participant answered; empty before", "example": "held"}
    )
    records = fields.Integer(required=True, metadata={"description": "How many records it found"})
    ended_at = fields.DateTime(required=True, allow_none=True)


class OwnHolds(Schema):
    items = fields.List(fields.Nested(OwnHold), required=True)


class HoldList(Schema):
    items = fields.List(fields.Nested(HoldView), required=True)


class HoldArgs(Schema):
    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))


class RetentionLine(Schema):
    participant = fields.String(required=True, metadata={"example": "billing"})
    rule = fields.String(required=True, metadata={"example": "sessions that ended"})
    store = fields.String(required=True, metadata={"example": "purchases"})
    action = fields.String(required=True, metadata={"example": "removed"})
    records = fields.Integer(required=True, metadata={"description": "Ended by this rule, all in all"})
    last_records = fields.Integer(required=True)
    last_at = fields.String(required=True, metadata={"example": "2026-11-22T03:00:00Z"})


class RetentionView(Schema):
    items = fields.List(fields.Nested(RetentionLine), required=True)


def add_hold_routes(admin: Blueprint, own: HoldDesk) -> None:
    """For operators, beside their other routes."""

    @admin.route("/holds", methods=["POST"])
    @audited(own.desk, "place-hold")
    @idempotent
    @admin.arguments(NewHoldBody)
    @admin.response(201, HoldView)
    def place(body: dict[str, Any], *, tx: Transaction, look: Look, once: Once) -> Response:
        """Keep one record, or a category, from erasure and retention. The participant answers within seconds; see
        `state`. Refused when the account's erasure has begun."""
        once.begin(connection_of(tx))
        new = NewHold(**{**body, "account_id": str(body["account_id"])})
        look.accounts |= {new.account_id} if new.told else set()
        placed = rows.hold_of(connection_of(tx), own.holds.place(tx, new))
        return once.finish(connection_of(tx), HoldView().dump(placed), status=201)

    @admin.route("/holds", methods=["GET"])
    @audited(own.desk, "see-holds")
    @admin.arguments(HoldArgs, location="query")
    @admin.response(200, HoldList)
    def listed(args: dict[str, Any], *, tx: Transaction, look: Look) -> dict[str, Any]:
        """The newest holds, of one state or all."""
        del look  # concerns nobody in particular
        states = [args["state"]] if args["state"] else STATES
        return {"items": rows.all_holds(connection_of(tx), states, MOST)}

    @admin.route("/holds/<uuid:hold_id>/release", methods=["POST"])
    @audited(own.desk, "release-hold")
    @idempotent
    @admin.response(200, HoldView)
    @admin.alt_response(404, "NOT_FOUND")
    def release(hold_id: UUID, *, tx: Transaction, look: Look, once: Once) -> Response:
        """End a hold. What an erasure left because of it goes by itself, and the certificate is amended."""
        del look
        connection = connection_of(tx)
        once.begin(connection)
        if rows.hold_of(connection, str(hold_id)) is None:
            raise not_found()
        own.holds.release(tx, str(hold_id))
        return once.finish(connection, HoldView().dump(rows.hold_of(connection, str(hold_id))), status=200)

    @admin.route("/retention", methods=["GET"])
    @audited(own.desk, "see-retention")
    @admin.response(200, RetentionView)
    def retention(*, tx: Transaction, look: Look) -> dict[str, Any]:
        """What the retention rules ended: service by service, rule by rule."""
        del look
        return {"items": rows.retention_report(connection_of(tx))}


def holds_blueprint(own: HoldDesk) -> Blueprint:
    """What a signed-in person can see."""
    holds = Blueprint("holds", __name__, url_prefix="/holds", description="What is kept because a law asks for it")

    @holds.route("", methods=["GET"])
    @authenticated
    @holds.response(200, OwnHolds)
    def listed(*, caller: Caller) -> dict[str, Any]:
        """The legal holds on one's own data, unless a law forbids to tell of one."""
        with own.desk.engine.connect() as connection:
            return {"items": own.book.told_to(connection, caller.account_id)}

    return holds
