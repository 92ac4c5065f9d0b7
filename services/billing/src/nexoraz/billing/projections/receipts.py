"""What does the receipt of this purchase say?"""

from sqlalchemy import Connection

from nexoraz.billing.domain.receipt import GivenBack, PurchaseNotPaid, Receipt
from nexoraz.billing.projections.purchases import find_purchase, refunds_of


def receipt_of(connection: Connection, account_id: str, purchase_id: str) -> Receipt | None:
    """None for an unknown purchase and for another person's alike. Raises PurchaseNotPaid."""
    found = find_purchase(connection, account_id, purchase_id)
    if found is None:
        return None
    if found.paid_at is None or found.state != "paid":
        raise PurchaseNotPaid(found.state)
    refunds = refunds_of(connection, account_id, purchase_id)
    given_back = tuple(GivenBack(r.started_at, r.kind, r.state, r.amount) for r in refunds if r.state != "failed")
    return Receipt(
        purchase_id=found.id,
        sold=found.pack,
        credits=found.credits,
        amount=found.amount,
        currency=found.currency,
        paid_at=found.paid_at,
        review=found.review,
        given_back=given_back,
    )
