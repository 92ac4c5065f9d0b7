"""Telling which feature was used, and the totals for everybody (clauses C2, U4)."""

from typing import Any

from flask import request
from marshmallow import fields, validate

from nexoraz.events.store import EventStore, Transaction, repeated
from nexoraz.identity.application.usage import Feature, Usage
from nexoraz.service.app import Blueprint, Schema
from nexoraz.service.auth import Caller, authenticated

FEATURES = [feature.value for feature in Feature]


class Use(Schema):
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES), metadata={"example": "gallery"})


class Noted(Schema):
    recorded = fields.Boolean(required=True, metadata={"description": "False without a yes to analytics"})


class TotalView(Schema):
    day = fields.Date(required=True)
    feature = fields.String(required=True, validate=validate.OneOf(FEATURES))
    accounts = fields.Integer(required=True, metadata={"description": "Rounded down to tens; below ten not listed"})
    uses = fields.Integer(required=True, metadata={"description": "Rounded down to tens"})


class Totals(Schema):
    items = fields.List(fields.Nested(TotalView), required=True)


def usage_blueprint(usage: Usage, store: EventStore) -> Blueprint:
    uses = Blueprint("usage", __name__, url_prefix="/usage", description="Which features are used")

    @uses.route("", methods=["POST"])
    @authenticated
    @uses.arguments(Use)
    @uses.response(202, Noted)
    def note(body: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """Count one use of a feature; nothing is recorded without a yes to analytics, or with `Sec-GPC: 1`."""
        signalled = request.headers.get("Sec-GPC") == "1"

        def work(tx: Transaction) -> bool:
            return usage.note(tx, caller.account_id, Feature(body["feature"]), signalled=signalled)

        return {"recorded": repeated(store, work)}

    @uses.route("/totals", methods=["GET"])
    @uses.response(200, Totals)
    def totals() -> dict[str, Any]:
        """The last 90 days by feature, without accounts; groups below ten are left out."""
        with store.transaction() as tx:
            return {"items": usage.totals(tx)}

    return uses
