"""The receipt of a purchase as a file."""

import hashlib
from collections.abc import Callable
from uuid import UUID

from flask import Response
from sqlalchemy import Engine

from nexoraz.billing.domain.receipt import Receipt
from nexoraz.billing.projections.receipts import receipt_of
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.downloads import StoredFile, download
from nexoraz.service.problems import not_found

PDF = "application/pdf"


def add_receipts(purchases: Blueprint, engine: Engine, draw: Callable[[Receipt], bytes]) -> Blueprint:
    """Add the route to the purchases' blueprint, and return it. draw: the receipt as PDF."""

    @purchases.route("/<uuid:purchase_id>/receipt", methods=["GET"])
    @authenticated
    @purchases.response(
        200,
        {"type": "string", "format": "binary"},
        content_type=PDF,
        description="A PDF as attachment. The ETag changes when something is given back.",
    )
    @purchases.alt_response(404, "NOT_FOUND")
    @purchases.alt_response(409, "CONFLICT")
    def receipt(purchase_id: UUID, *, caller: Caller) -> Response:
        """The receipt of a paid purchase as PDF: seller, number, date, what was bought, and what was given back since.

        No tax is computed, and the receipt says so. It names nobody. 409 (`purchase-not-paid`) while nothing is paid.
        """
        with engine.connect() as connection:
            found = receipt_of(connection, caller.account_id, str(purchase_id))
        if found is None:
            raise not_found()
        content = draw(found)
        tag = hashlib.sha256(content).hexdigest()[:32]
        answer = download(
            StoredFile(len(content), PDF, tag, f"receipt-{purchase_id}.pdf"),
            lambda start, end: iter((content[start:end],)),
        )
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    return purchases
