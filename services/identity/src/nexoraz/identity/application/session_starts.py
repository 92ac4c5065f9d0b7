"""Starting a session, however somebody has shown who they are; an unknown device is told to the owner by mail."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from nexoraz.events.event import Stream
from nexoraz.events.store import EventStore, Transaction, execute, repeated
from nexoraz.identity.application.alerts import NEW_DEVICE, Alerts
from nexoraz.identity.application.ports import Clock, KeyedHash, OperatorRoll, Places
from nexoraz.identity.application.secret_tokens import RefreshToken, new_refresh, refresh_hash
from nexoraz.identity.application.signing import Signing
from nexoraz.identity.domain.device import Device, read_device
from nexoraz.identity.domain.known_devices import KNOWN_DEVICES, SeeDevice
from nexoraz.identity.domain.network import cut
from nexoraz.identity.domain.operator import OPERATOR
from nexoraz.identity.domain.session import SESSION, SESSION_LIFE, StartSession
from nexoraz.service.tokens import LIFETIME, TokenClaims


def session_stream(session_id: str, account_id: str) -> Stream:
    """The history of one session."""
    return Stream.of("session", session_id, account_id)


def devices_stream(account_id: str) -> Stream:
    """The devices that one account was used on."""
    return Stream.of("devices", account_id, account_id)


@dataclass(frozen=True, slots=True)
class Client:
    """Who is at the other end, as the connection tells it. Neither is ever stored as it is."""

    address: str
    user_agent: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the device keeps. Times are seconds from now."""

    account_id: str
    session_id: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = int(LIFETIME.total_seconds())
    refresh_expires_in: int = int(SESSION_LIFE.total_seconds())


@dataclass(frozen=True, slots=True)
class SessionStarts:
    store: EventStore
    operators: OperatorRoll
    signing: Signing
    hashes: KeyedHash
    places: Places
    alerts: Alerts
    now: Clock
    new_id: Callable[[], str]

    def start(self, account_id: str, client: Client, still: Callable[[Transaction], bool]) -> SignedIn | None:
        """A session, or None when what the person showed is not good any more: `still` is asked in the transaction
        that starts it, so that who changes a credential finds every session that the old one has opened."""
        return repeated(self.store, lambda tx: self.start_in(tx, account_id, client) if still(tx) else None)

    def start_in(self, tx: Transaction, account_id: str, client: Client) -> SignedIn:
        """The same, within a transaction that has asked."""
        session_id, now = self.new_id(), self.now()
        device, network = read_device(client.user_agent), cut(client.address)
        country = self.places.country(network)
        refresh = new_refresh(self.hashes, account_id, session_id, 0)
        hashed = refresh_hash(self.hashes, refresh)
        command = StartSession(session_id, account_id, device.name, hashed, now, network or None, country or None)
        execute(tx, SESSION, session_stream(session_id, account_id), command)
        self._see(tx, account_id, device, country)
        return self.signed_in(tx, refresh, now)

    def _see(self, tx: Transaction, account_id: str, device: Device, country: str) -> None:
        device_hash = self.hashes.keyed_hash("device", f"{account_id}|{device.family}|{country}")
        command = SeeDevice(account_id, device_hash, self.now())
        seen = execute(tx, KNOWN_DEVICES, devices_stream(account_id), command)
        if any(not recorded.event.first for recorded in seen):
            facts = {"device": device.name, "place": country or "an unknown country"}
            self.alerts.tell(tx, account_id, NEW_DEVICE, facts)

    def signed_in(self, tx: Transaction, refresh: RefreshToken, authenticated_at: datetime) -> SignedIn:
        """The tokens of a session."""
        roles = frozenset({OPERATOR}) if self.operators.has(tx, refresh.account_id) else frozenset()
        claims = TokenClaims(refresh.account_id, refresh.session_id, authenticated_at, roles)
        access = self.signing.sign(tx, claims)
        return SignedIn(refresh.account_id, refresh.session_id, access, refresh.text)
