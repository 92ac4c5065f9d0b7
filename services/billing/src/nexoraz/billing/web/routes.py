"""Credits, packs and purchases of the caller."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from flask import Response, request
from sqlalchemy import Engine

from nexoraz.billing.application.payment_watch import PaymentWatch
from nexoraz.billing.application.ports import IdempotencyKeyReused, Payment, Payments
from nexoraz.billing.domain.packs import PACKS, Pack
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import StartPurchase, UnknownPack
from nexoraz.billing.projections.credit_accounts import balance_of, entries_of
from nexoraz.billing.projections.purchases import find_purchase, purchases_of
from nexoraz.billing.web.schemas import (
    BalanceView,
    EntryView,
    NewPurchase,
    PackList,
    PurchaseView,
    StartedPurchase,
)
from nexoraz.events.questions import Questions
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, execute
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.idempotency import Once, idempotent
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import not_found


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes need. store: appends. engine, questions: answers. watch: has the end of a payment looked up."""

    store: EventStore
    engine: Engine
    questions: Questions
    payments: Payments
    watch: PaymentWatch
    clock: Callable[[], datetime]


def packs_blueprint() -> Blueprint:
    packs = Blueprint("packs", __name__, url_prefix="/packs", description="What is for sale")

    @packs.route("", methods=["GET"])
    @packs.response(200, PackList)
    def for_sale() -> dict[str, Any]:
        """The packs of credits and their prices."""
        return {"items": [asdict(pack) for pack in PACKS.values()]}

    return packs


def credits_blueprint(desk: Desk) -> Blueprint:
    credits = Blueprint("credits", __name__, url_prefix="", description="A person's credits")

    @credits.route("/balance", methods=["GET"])
    @authenticated
    @credits.response(200, BalanceView)
    def balance(*, caller: Caller) -> dict[str, Any]:
        """The credits that are free, and those set aside for running renders."""
        with desk.questions.connection() as connection:
            return asdict(balance_of(connection, caller.account_id))

    @credits.route("/ledger", methods=["GET"])
    @authenticated
    @credits.arguments(PageArgs, location="query")
    @credits.response(200, page_schema(EntryView))
    def ledger(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """Every change of the balance, newest first."""
        cursor = read_cursor(args["cursor"], int)
        with desk.engine.connect() as connection:
            rows = entries_of(connection, caller.account_id, cursor[0] if cursor else None, args["limit"] + 1)
        return page(list(rows), args["limit"], key=lambda row: (row.entry,))

    return credits


def purchases_blueprint(desk: Desk) -> Blueprint:
    purchases = Blueprint("purchases", __name__, url_prefix="/purchases", description="A person's purchases")

    @purchases.route("", methods=["POST"])
    @authenticated
    @idempotent
    @purchases.arguments(NewPurchase)
    @purchases.response(201, StartedPurchase)
    def buy(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Buy a pack of credits through Stripe. The credits arrive when Stripe confirms the payment.

        With a payment method the payment is confirmed at once; 402 says that it was declined, and records nothing.
        Otherwise, and where the bank wants to authenticate the person, finish it with the `client_secret`. A purchase
        that nobody pays stays `started`. 503: Stripe does not answer; the same request later gives one payment.
        """
        return _buy(desk, caller.account_id, body, once)

    @purchases.route("", methods=["GET"])
    @authenticated
    @purchases.arguments(PageArgs, location="query")
    @purchases.response(200, page_schema(PurchaseView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The purchases, newest first."""
        cursor = read_cursor(args["cursor"], datetime, str)
        with desk.engine.connect() as connection:
            rows = purchases_of(connection, caller.account_id, cursor, args["limit"] + 1)
        return page(list(rows), args["limit"], key=lambda row: (row.started_at, row.id))

    @purchases.route("/<uuid:purchase_id>", methods=["GET"])
    @authenticated
    @purchases.response(200, PurchaseView)
    def one(purchase_id: UUID, *, caller: Caller) -> dict[str, Any]:
        """One purchase and what became of it."""
        with desk.engine.connect() as connection:
            found = find_purchase(connection, caller.account_id, str(purchase_id))
        if found is None:
            raise not_found()
        return asdict(found)

    return purchases


def _buy(desk: Desk, account_id: str, body: dict[str, Any], once: Once) -> Response:
    pack = PACKS.get(body["pack"])
    if pack is None:
        raise UnknownPack(body["pack"])
    # Named by account and key, so that a repeated request after a crash meets the same payment at Stripe.
    purchase_id = str(uuid5(NAMESPACE_URL, f"{account_id}/{request.headers['Idempotency-Key'].strip()}"))
    with desk.engine.connect() as connection:
        earlier = find_purchase(connection, account_id, purchase_id)
        once.recall(connection)
    if earlier is not None:  # its answer is kept for a day only
        raise IdempotencyKeyReused
    payment = desk.payments.open(purchase_id, pack, body["payment_method"])
    with desk.store.transaction() as tx:
        connection = connection_of(tx)
        once.begin(connection)
        command = StartPurchase(account_id, purchase_id, pack.id, payment.intent, desk.clock())
        execute(tx, PURCHASE, purchase_stream(purchase_id, account_id), command)
        desk.watch.later(tx, payment.intent)
        if payment.status != "open":
            desk.watch.soon(tx, payment.intent, "opened")
        view = StartedPurchase().dump(_started(purchase_id, pack, payment))
        location = {"Location": f"/v1/billing/purchases/{purchase_id}"}
        return once.finish(connection, view, status=201, headers=location)


def _started(purchase_id: str, pack: Pack, payment: Payment) -> dict[str, Any]:
    sold = asdict(pack) | {"id": purchase_id, "pack": pack.id}
    return sold | {"payment_intent": payment.intent, "client_secret": payment.client_secret, "state": "started"}
