"""Held payments: an operator releases their credits, or refuses them, and then the money goes back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from nexoraz.billing.application.refunding import Refunding
from nexoraz.billing.domain.credits import CREDITS, ReleaseHeld, credits_stream
from nexoraz.billing.domain.events import OperatorLooked
from nexoraz.billing.domain.purchase import PURCHASE, purchase_stream
from nexoraz.billing.domain.purchase_commands import DecideReview
from nexoraz.events.event import Stream
from nexoraz.events.store import Transaction, execute


@dataclass
class Look:
    """One use of the operators' side. Who serves it says whom it concerns, before anything is shown."""

    operator_id: str
    action: str
    purpose: str
    accounts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Reviewing:
    """keyed: makes a pseudonym of an operator's account id that names nobody to whoever lacks the key."""

    refunding: Refunding
    keyed: Callable[[str, str], str]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]

    def decide(self, tx: Transaction, account_id: str, purchase_id: str, *, released: bool) -> None:
        """Raises NotHeld for a purchase that waits for no decision."""
        command = DecideReview(purchase_id, released, self.clock())
        execute(tx, PURCHASE, purchase_stream(purchase_id, account_id), command)
        if released:
            execute(tx, CREDITS, credits_stream(account_id), ReleaseHeld(account_id, purchase_id))
        else:
            refund_id = str(uuid5(NAMESPACE_URL, f"refused/{purchase_id}"))
            self.refunding.start(tx, account_id, purchase_id, refund_id, None)

    def record(self, tx: Transaction, look: Look, *, refused: bool = False) -> None:
        """One fact for each person whom the look concerned; one without a person when it concerned nobody."""
        operator = self.keyed("operator", look.operator_id)
        for account_id in sorted(look.accounts) or [""]:
            look_id = self.new_id()
            fact = OperatorLooked(account_id, look_id, operator, look.action, look.purpose, refused, self.clock())
            tx.append(Stream.of("look", look_id, account_id), 0, [fact])
