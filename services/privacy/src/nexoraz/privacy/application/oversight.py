"""Recording that an operator looked, in the transaction in which the operator looks."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nexoraz.events.event import Stream
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.ports import Clock, RequestBook
from nexoraz.privacy.domain.oversight import OperatorAccess, Purpose


@dataclass
class Look:
    """One use of the operators' side. Who serves it says whom it concerns, before anything is shown."""

    operator_id: str
    action: str
    purpose: Purpose
    requests: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Oversight:
    """Each look is a history of its own, so that looking changes no request and two looks never conflict."""

    book: RequestBook
    clock: Clock
    new_id: Callable[[], str]

    def record(self, tx: Transaction, look: Look, *, refused: bool = False) -> None:
        """Append the fact. A request whose account is erased is named without an account: nobody knows it any more."""
        accounts = look.accounts | set(self.book.owners(tx, sorted(look.requests)).values())
        access = OperatorAccess(
            self.new_id(), look.operator_id, look.action, look.purpose,
            tuple(sorted(look.requests)), tuple(sorted(accounts)), refused, self.clock(),
        )  # fmt: skip
        tx.append(Stream.of("access", access.access_id, ""), 0, [access])
