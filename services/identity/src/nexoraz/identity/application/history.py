"""What was changed of one's account, and when (clause RT1): read from the events themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from nexoraz.events.event import Recorded
from nexoraz.events.store import EventStore
from nexoraz.identity.application.address_changes import address_change_stream
from nexoraz.identity.application.openid import links_stream
from nexoraz.identity.application.passkeys import passkeys_stream
from nexoraz.identity.application.password_changes import password_stream
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.second_factors import factor_stream
from nexoraz.identity.domain.account import AccountRegistered, AccountRenamed, AccountVerified, AddressChanged
from nexoraz.identity.domain.address_change import AddressChangeStarted
from nexoraz.identity.domain.passkey import PasskeyAdded, PasskeyRemoved
from nexoraz.identity.domain.password import PasswordReplaced
from nexoraz.identity.domain.provider_link import ProviderLinked, ProviderUnlinked
from nexoraz.identity.domain.second_factor import SecondFactorAdded, SecondFactorRemoved

STREAMS = (account_stream, password_stream, address_change_stream, passkeys_stream, links_stream, factor_stream)
Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Change:
    """values: what the named fields became."""

    id: UUID
    at: datetime
    change: str
    values: Values


@dataclass(frozen=True, slots=True)
class History:
    store: EventStore

    def of(self, account_id: str, after: tuple[Any, ...] | None, limit: int) -> list[Change]:
        """Newest first, starting behind (at, id). Nothing of an account that is erased."""
        streams = [stream(account_id) for stream in STREAMS]
        with self.store.transaction() as tx:
            recorded = [] if tx.is_erased(account_id) else [r for stream in streams for r in tx.read(stream)]
        changes = [change for change in map(_change, recorded) if change is not None]
        changes.sort(key=lambda change: (change.at, change.id), reverse=True)
        return [change for change in changes if after is None or (change.at, change.id) < after][:limit]


def _change(recorded: Recorded) -> Change | None:
    said = _said(recorded.event)
    return Change(recorded.id, recorded.occurred_at, *said) if said else None


def _said(event: object) -> tuple[str, Values] | None:
    said: tuple[str, Values]
    match event:
        case AccountRegistered(_, email, name, country):
            said = "registered", {"email": email, "name": name, "country": country}
        case AccountVerified():
            said = "address-confirmed", {}
        case AccountRenamed(_, name):
            said = "renamed", {"name": name}
        case AddressChangeStarted(address=address):
            said = "address-change-asked", {"email": address}
        case AddressChanged(_, email):
            said = "address-changed", {"email": email}
        case PasswordReplaced():
            said = "password-changed", {}
        case PasskeyAdded(name=name):
            said = "passkey-added", {"passkey": name}
        case PasskeyRemoved():
            said = "passkey-removed", {}
        case SecondFactorAdded() | SecondFactorRemoved():
            done = "added" if isinstance(event, SecondFactorAdded) else "removed"
            said = f"second-factor-{done}", {}
        case ProviderLinked(provider=provider):
            said = "provider-linked", {"provider": provider}
        case ProviderUnlinked(provider=provider):
            said = "provider-unlinked", {"provider": provider}
        case _:
            return None
    return said
