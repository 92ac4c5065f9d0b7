"""Refunds of the caller's purchases."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from flask import Response, request
from sqlalchemy import Engine

from nexoraz.billing.application.refunding import Refunding
from nexoraz.billing.projections.purchases import find_purchase, refunds_of
from nexoraz.billing.web.schemas import NewRefund, RefundList, RefundView
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, Transaction, repeated
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.problems import not_found


@dataclass(frozen=True, slots=True)
class RefundDesk:
    store: EventStore
    engine: Engine
    refunding: Refunding


def add_refunds(purchases: Blueprint, desk: RefundDesk) -> Blueprint:
    """Add these routes to the purchases' blueprint, and return it."""

    @purchases.route("/<uuid:purchase_id>/refunds", methods=["POST"])
    @authenticated
    @idempotent
    @purchases.arguments(NewRefund)
    @purchases.response(202, RefundView)
    @purchases.alt_response(404, "NOT_FOUND")
    @purchases.alt_response(409, "CONFLICT")
    def refund(body: dict[str, Any], purchase_id: UUID, *, caller: Caller, once: Once) -> Response:
        """Give credits of a purchase back for their share of its price; all that can be, without a number.

        What is spent is not refundable, and 409 says how many credits are. The credits go at once; the money follows
        by the way it came. A refund that Stripe refuses gives the credits back.
        """
        refund_id = str(
            uuid5(NAMESPACE_URL, f"refund/{caller.account_id}/{request.headers['Idempotency-Key'].strip()}")
        )

        def work(tx: Transaction) -> Response:
            connection = connection_of(tx)
            once.begin(connection)
            if find_purchase(connection, caller.account_id, str(purchase_id)) is None:
                raise not_found()
            desk.refunding.start(tx, caller.account_id, str(purchase_id), refund_id, body["credits"])
            listed = refunds_of(connection, caller.account_id, str(purchase_id))
            view = RefundView().dump(asdict(next(r for r in listed if r.id == refund_id)))
            return once.finish(connection, view, status=202)

        return repeated(desk.store, work)

    @purchases.route("/<uuid:purchase_id>/refunds", methods=["GET"])
    @authenticated
    @purchases.response(200, RefundList)
    @purchases.alt_response(404, "NOT_FOUND")
    def refunds(purchase_id: UUID, *, caller: Caller) -> dict[str, Any]:
        """What of a purchase was given back, by whoever asked."""
        with desk.engine.connect() as connection:
            if find_purchase(connection, caller.account_id, str(purchase_id)) is None:
                raise not_found()
            return {"items": [asdict(r) for r in refunds_of(connection, caller.account_id, str(purchase_id))]}

    return purchases
