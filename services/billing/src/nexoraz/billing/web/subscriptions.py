"""The plans, and the caller's own."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask import Response, request
from sqlalchemy import Engine

from nexoraz.billing.application.subscription_ports import Customer
from nexoraz.billing.application.subscription_watch import SubscriptionWatch
from nexoraz.billing.application.take_out_plan import Plans
from nexoraz.billing.domain.plans import PLANS
from nexoraz.billing.projections.subscriptions import PlanRecord, plan_of
from nexoraz.billing.web.schemas import NewSubscription, PlanList, SubscriptionChange, SubscriptionView
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import EventStore, Transaction, repeated
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.etags import etag, needs_if_match, require_if_match, with_etag
from nexoraz.service.idempotency import Once, idempotent

Finish = Callable[[Transaction, Callable[[], dict[str, Any]]], Response]


@dataclass(frozen=True, slots=True)
class PlanDesk:
    """What the routes need. engine: answers. watch: records what Stripe says, and what follows from it later."""

    store: EventStore
    engine: Engine
    plans: Plans
    watch: SubscriptionWatch


def plans_blueprint() -> Blueprint:
    plans = Blueprint("plans", __name__, url_prefix="/plans", description="Monthly plans")

    @plans.route("", methods=["GET"])
    @plans.response(200, PlanList)
    def sold() -> dict[str, Any]:
        """The plans, their monthly prices and credits. Unused credits never expire."""
        return {"items": [asdict(plan) for plan in PLANS.values()]}

    return plans


def subscription_blueprint(desk: PlanDesk) -> Blueprint:
    own = Blueprint("subscription", __name__, url_prefix="/subscription", description="A person's plan")

    @own.route("", methods=["GET"])
    @authenticated
    @own.response(200, SubscriptionView)
    def shown(*, caller: Caller) -> Response:
        """The plan, how its payment stands, and what comes next."""
        with desk.engine.connect() as connection:
            found = plan_of(connection, caller.account_id)
        return with_etag(SubscriptionView().dump(asdict(found)), found.version)

    @own.route("", methods=["POST"])
    @authenticated
    @idempotent
    @own.arguments(NewSubscription)
    @own.response(201, SubscriptionView)
    @own.alt_response(409, "CONFLICT")
    def taken_out(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Take out a plan and pay its first month. 402: the payment was declined, and nothing has come about.

        While the state is `incomplete`, the bank wants to authenticate the person: finish the payment with the
        `client_secret`. Each paid month brings the plan's credits, once.
        """
        with desk.engine.connect() as connection:
            once.recall(connection)
        key = _key(caller)
        found = desk.plans.take_out(caller.account_id, body["plan"], body["payment_method"], key)

        def work(tx: Transaction) -> Response:
            once.begin(connection_of(tx))
            plan = _record(desk, tx, caller.account_id, found)
            view = SubscriptionView().dump(asdict(plan) | {"client_secret": found.client_secret})
            return once.finish(connection_of(tx), view, status=201, headers={"ETag": etag(plan.version)})

        return repeated(desk.store, work)

    @own.route("", methods=["PATCH"])
    @authenticated
    @needs_if_match
    @own.arguments(SubscriptionChange)
    @own.response(200, SubscriptionView)
    @own.alt_response(409, "CONFLICT")
    def changed(body: dict[str, Any], *, caller: Caller) -> Response:
        """Change the plan, cancel it, take that back, or pay by another method.

        A dearer plan holds at once, and the prorated difference is charged at once, with its credits; 402 when that is
        declined. A cheaper one holds from the next invoice; nothing is paid back. A cancelled plan holds to the end of
        the period that is paid.
        """
        with desk.engine.connect() as connection:
            seen = plan_of(connection, caller.account_id).version
        require_if_match(seen)
        found = _change(desk.plans, caller.account_id, body, f"{_key(caller)}-{seen}")
        plan = repeated(desk.store, lambda tx: _record(desk, tx, caller.account_id, found))
        return with_etag(SubscriptionView().dump(asdict(plan)), plan.version)

    return own


def _change(plans: Plans, account_id: str, body: dict[str, Any], key: str) -> Customer:
    if "plan" in body:
        return plans.change(account_id, body["plan"], f"{key}-{body['plan']}")
    if "cancels" in body:
        return plans.cancel_later(account_id, cancels=body["cancels"])
    return plans.pay_by(account_id, body["payment_method"])


def _record(desk: PlanDesk, tx: Transaction, account_id: str, found: Customer) -> PlanRecord:
    desk.watch.note(tx, account_id, desk.watch.settle.record(tx, account_id, found))
    return plan_of(connection_of(tx), account_id)


def _key(caller: Caller) -> str:
    """Names the request at Stripe; a change is named by the version that it changes."""
    return str(uuid5(NAMESPACE_URL, f"{caller.account_id}/{request.headers.get('Idempotency-Key', '').strip()}"))
