"""What billing needs from the payment provider for plans."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nexoraz.billing.domain.plans import Plan
from nexoraz.billing.domain.subscription import Seen


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """An invoice that was paid with money. plan: the provider's name of what it is mostly for. amount: what was paid,
    in the currency's minor unit. payment_intent: the payment, which a refund names."""

    id: str
    plan: str
    amount: int
    currency: str
    payment_intent: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """What the provider knows of a customer. seen: the newest subscription, the living one first; None without any.
    invoices: the paid ones, oldest first. client_secret: finishes a first payment that the bank wants authenticated."""

    seen: Seen | None
    invoices: tuple[PaidInvoice, ...]
    client_secret: str = ""


class Customers(Protocol):
    """Whom the provider knows."""

    def close_customer(self, customer: str) -> None:
        """Delete the customer, its payment methods and its subscriptions; nothing happens to one that is gone. Raises
        PaymentsUnavailable."""
        ...


class Subscriptions(Protocol):
    """The provider's side of plans. Everything raises PaymentsUnavailable, and may be repeated with the same key."""

    def open_customer(self, account_id: str) -> str:
        """A customer of the provider for this account, always the same; all it learns is the account's pseudonym."""
        ...

    def pay_by(self, customer: str, payment_method: str) -> None:
        """Keep the payment method at the provider, for what is due from now on. Raises PaymentRejected."""
        ...

    def subscribe(self, customer: str, plan: Plan, key: str) -> None:
        """Take out a plan and pay its first month. Raises PaymentRejected, and nothing is left then. A bank that wants
        to authenticate the person leaves it incomplete, with a client secret."""
        ...

    def change(self, subscription: str, plan: Plan, *, at_once: bool, key: str) -> None:
        """Choose another plan. at_once: the prorated difference is charged now, else nothing is and it holds from the
        next invoice. Raises PaymentRejected, and nothing has changed then."""
        ...

    def cancel_later(self, subscription: str, *, cancels: bool) -> None:
        """End with the period that is paid, or take that back."""
        ...

    def end(self, subscription: str) -> None:
        """End now, without paying anything back. Nothing happens to one that has ended."""
        ...

    def retry(self, customer: str) -> None:
        """Try to have paid what is open. Whether it was paid is read afterwards."""
        ...

    def read(self, customer: str) -> Customer:
        """The customer as it stands; nothing is known of one that was deleted."""
        ...
