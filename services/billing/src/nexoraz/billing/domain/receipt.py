"""The receipt of a paid purchase. Every figure on it is one that billing holds, and it names nobody, because billing
holds no name. Nothing on it depends on when it is asked for, so the same facts give the same receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

SELLER, CONTACT = "Nexoraz", "support@nexoraz.pro"
NOTES = (
    "No tax was computed for this payment, so neither tax nor a net amount is shown. This is a receipt and not a tax"
    " invoice.",
    "The number is made from the purchase's id: it is unique, and numbers do not follow each other.",
    "What was given back is shown as far as it was recorded when this receipt was asked for. All times are UTC.",
)
_KINDS = {"own": "Refund", "refund": "Refund by the seller", "dispute": "Chargeback"}
_STATES = {"started": "under way", "paid": "paid"}


@dataclass
class PurchaseNotPaid(Exception):
    """There is a receipt for what is paid only. state: what became of the purchase."""

    state: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """kind: own, refund or dispute. state: started or paid; one that failed gave nothing back. amount: in cents."""

    at: datetime
    kind: str
    state: str
    amount: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """sold: a pack's id, or "plan:" and a plan's. amount: in cents, what was paid. review: as in the purchase."""

    purchase_id: str
    sold: str
    credits: int
    amount: int
    currency: str
    paid_at: datetime
    review: str = ""
    given_back: tuple[GivenBack, ...] = ()

    @property
    def number(self) -> str:
        return f"NX-{self.purchase_id.upper()}"

    @property
    def item(self) -> str:
        """What was bought, as it was called then; a catalogue that changes changes no receipt."""
        plan = self.sold.removeprefix("plan:")
        return f"Pack of credits: {self.sold}" if plan == self.sold else f"Monthly plan: {plan}"

    @property
    def returned(self) -> int:
        """In cents, with what is under way."""
        return sum(each.amount for each in self.given_back)

    @property
    def state(self) -> str:
        if self.given_back:
            return "Paid, given back in full" if self.returned >= self.amount else "Paid, given back in part"
        return "Paid, the credits wait for a review" if self.review == "held" else "Paid"

    def money(self, amount: int) -> str:
        """An amount in cents with its currency, such as "19.90 EUR"; what is sold has currencies of two decimals."""
        sign = "-" if amount < 0 else ""
        return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d} {self.currency.upper()}"

    def head(self) -> Sequence[tuple[str, str]]:
        return (
            ("Receipt number", self.number),
            ("Paid on", _moment(self.paid_at)),
            ("Seller", f"{SELLER}, {CONTACT}"),
            ("State", self.state),
        )

    def sums(self) -> Sequence[tuple[str, str]]:
        paid = (("Net", "not computed"), ("Tax", "none computed"), ("Paid (gross)", self.money(self.amount)))
        if not self.given_back:
            return paid
        left = ("Remains paid", self.money(self.amount - self.returned))
        return (*paid, ("Given back so far", self.money(-self.returned)), left)

    def refunds(self) -> Sequence[tuple[str, str, str, str]]:
        """When, what, how it stands, and how much; oldest first."""
        return [
            (_moment(each.at), _KINDS[each.kind], _STATES[each.state], self.money(each.amount))
            for each in self.given_back
        ]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
