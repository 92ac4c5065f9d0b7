"""What a person sees and changes about their own account (clause RT1)."""

from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.store import EventStore, Transaction, execute
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.standings import Standings
from nexoraz.identity.domain.account import ACCOUNT, AccountRegistered, RenameAccount


@dataclass(frozen=True, slots=True)
class Profile:
    """plan, credits: as billing last told. `version` changes with every change."""

    id: str
    email: str
    name: str | None
    country: str
    registered_at: datetime
    plan: str
    credits: int
    version: int


@dataclass(frozen=True, slots=True)
class Profiles:
    store: EventStore
    standings: Standings

    def find(self, tx: Transaction, account_id: str) -> Profile | None:
        """None for an account that does not exist or is erased."""
        if tx.is_erased(account_id):
            return None
        history = tx.read(account_stream(account_id))
        if not history:
            return None
        state, registered = ACCOUNT.fold(r.event for r in history), history[0].event
        assert isinstance(registered, AccountRegistered)
        stands = self.standings.of(tx, account_id)
        return Profile(
            account_id, state.email, state.name, state.country, registered.registered_at, stands.plan, stands.credits,
            history[-1].version + stands.changes,
        )  # fmt: skip

    def rename(self, tx: Transaction, account_id: str, seen: int, name: str | None) -> Profile | None:
        """The profile after the change. Raises VersionConflict when it is no longer at version `seen`."""
        own = seen - self.standings.of(tx, account_id).changes
        execute(tx, ACCOUNT, account_stream(account_id), RenameAccount(account_id, name), expected=own)
        return self.find(tx, account_id)
