"""What Stripe does and localstripe does not, as far as plans, refunds and repeated requests need it:

- a POST with an `Idempotency-Key` that was answered before is given the same answer;
- changing a subscription's plan obeys `proration_behavior` ("always_invoice", "none") and `payment_behavior`. The
  difference is not prorated by time: the whole price of the old plan is taken back;
- a subscription renews when it is told to: `POST /v1/subscriptions/{id}/_renew`, since nothing here waits a month;
- a payment that fails makes the request fail with 402; `invoice.paid` and `charge.refunded` are told;
- disputes are listed, and opened by `POST /v1/disputes/_open`;
- a card may be from the country that its metadata names (`metadata[country]`), a refund is never more than the charge.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

MONTH_S = 31 * 86_400


def teach() -> None:
    from localstripe import resources  # noqa: PLC0415  it acts on import, so only where it is wanted

    _tell_of_paid_invoices(resources)
    _obey_proration(resources)
    _refund_as_stripe_does(resources)
    _disputes(resources)
    _cards_of_other_countries(resources)
    resources.extra_apis.append(("POST", "/v1/subscriptions/{id}/_renew", lambda id, **_: _renew(resources, id)))
    pay = resources.Invoice._api_pay_invoice
    kept = [entry for entry in resources.extra_apis if entry[1] != "/v1/invoices/{id}/pay"]
    resources.extra_apis[:] = [*kept, ("POST", "/v1/invoices/{id}/pay", lambda id: _pay(resources, pay, id))]


@web.middleware
async def same_answer_for_a_key(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    from localstripe import resources  # noqa: PLC0415  as above

    key = request.headers.get("Idempotency-Key", "")
    if request.method != "POST" or not key:
        return await handler(request)
    name = f"idempotency:{key}"
    if name not in resources.store:
        answer = await handler(request)
        if not isinstance(answer, web.Response) or answer.status >= 500:
            return answer
        resources.store[name] = (request.path, answer.status, answer.text)
    path, status, text = resources.store[name]
    if path != request.path:
        raise resources.UserError(400, "Keys for idempotent requests can only be used for the same endpoint")
    return web.Response(status=status, text=text, content_type="application/json")


def _tell_of_paid_invoices(resources: Any) -> None:
    succeeded = resources.Invoice._on_payment_success

    def on_success(self: Any) -> None:
        succeeded(self)
        resources.schedule_webhook(resources.Event("invoice.paid", self))

    resources.Invoice._on_payment_success = on_success


def _pay(resources: Any, pay: Callable[[str], Any], id: str) -> Any:
    invoice = pay(id)
    if invoice.status == "open":
        resources.schedule_webhook(resources.Event("invoice.payment_failed", invoice))
        raise resources.UserError(402, "Your card was declined.", {"code": "card_declined"})
    return invoice


def _renew(resources: Any, id: str) -> Any:
    """A month goes by."""
    subscription = resources.Subscription._api_retrieve(id)
    if subscription.cancel_at_period_end:
        return resources.Subscription._api_delete(id)
    subscription.start_date += MONTH_S
    subscription._create_invoice()
    if subscription.status == "past_due":
        invoice = resources.Invoice._api_retrieve(subscription.latest_invoice)
        resources.schedule_webhook(resources.Event("invoice.payment_failed", invoice))
    resources.schedule_webhook(resources.Event("customer.subscription.updated", subscription))
    return subscription


def _obey_proration(resources: Any) -> None:
    plain = resources.Subscription._update

    def update(
        self: Any, proration_behavior: str = "none", payment_behavior: str = "allow_incomplete", **data: Any
    ) -> None:
        old, plan, status = self.items, self.plan, self.status
        known = set(resources.store)
        plain(self, **data)
        for key in [key for key in resources.store if key.startswith("invoiceitem:") and key not in known]:
            del resources.store[key]  # localstripe takes every earlier invoice back
        if self.plan.id != plan.id and proration_behavior == "always_invoice":
            back = {"subscription": self.id, "plan": plan.id, "customer": self.customer, "proration": True}
            resources.InvoiceItem(amount=-plan.amount, currency=plan.currency, description="Unused time", **back)
            self._create_invoice()
            invoice = resources.Invoice._api_retrieve(self.latest_invoice)
            if invoice.status != "paid" and payment_behavior == "error_if_incomplete":
                self.items, self.status = old, status
                invoice._voided = True
                raise resources.UserError(402, "Your card was declined.", {"code": "card_declined"})
        resources.schedule_webhook(resources.Event("customer.subscription.updated", self))

    resources.Subscription._update = update


def _refund_as_stripe_does(resources: Any) -> None:
    make = resources.Refund._api_create.__func__

    def create(cls: Any, /, **data: Any) -> Any:
        charge = _charge_of(resources, data)
        left = charge.amount - charge.amount_refunded if charge else 0
        if charge and int(data.get("amount") or charge.amount) > left:
            raise resources.UserError(400, f"Refund amount is greater than unrefunded amount on charge ({left})")
        refund = make(cls, **data)
        if charge:
            refund.payment_intent = charge.payment_intent
            resources.schedule_webhook(resources.Event("charge.refunded", charge))
        return refund

    resources.Refund._api_create = classmethod(create)


def _disputes(resources: Any) -> None:
    class Dispute(resources.StripeObject):  # type: ignore[misc]  # localstripe has no types
        object = "dispute"
        _id_prefix = "dp_"

        def __init__(self, payment_intent: str, amount: str) -> None:
            super().__init__()
            charge = resources.PaymentIntent._api_retrieve(payment_intent).latest_charge
            self.payment_intent, self.charge = payment_intent, charge.id
            self.amount, self.currency, self.status = int(amount), charge.currency, "needs_response"
            resources.schedule_webhook(resources.Event("charge.dispute.created", self))

    def listed(payment_intent: str | None = None, limit: str | None = None, starting_after: str | None = None) -> Any:
        found = Dispute._api_list_all("/v1/disputes", limit=limit, starting_after=starting_after)
        found._list = [d for d in found._list if payment_intent in (None, d.payment_intent)]
        return found

    globals()["Dispute"] = Dispute  # where unpickling looks for it
    Dispute.__qualname__ = "Dispute"
    opened = ("POST", "/v1/disputes/_open", Dispute)
    resources.extra_apis.extend((opened, ("GET", "/v1/disputes", listed)))


def _cards_of_other_countries(resources: Any) -> None:
    plain = resources.PaymentMethod.__init__

    def init(self: Any, **data: Any) -> None:
        plain(self, **data)
        if self.type == "card" and "country" in self.metadata:
            self.card["country"] = self.metadata["country"]

    resources.PaymentMethod.__init__ = init


def _charge_of(resources: Any, data: dict[str, Any]) -> Any:
    with contextlib.suppress(resources.UserError):
        if "charge" in data:
            return resources.Charge._api_retrieve(data["charge"])
        return resources.PaymentIntent._api_retrieve(str(data.get("payment_intent", ""))).latest_charge
    return None
