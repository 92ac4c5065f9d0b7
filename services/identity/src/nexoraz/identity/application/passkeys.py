"""Adding, using and removing passkeys. A sign-in by passkey needs no address, so nobody learns who has an account."""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.alerts import Alerts
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import Accounts, Ceremonies, CeremonyRefused, Challenges, Clock, Json, Throttle
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.application.session_starts import Client, SessionStarts, SignedIn
from nexoraz.identity.application.sign_in import SignInRefused
from nexoraz.identity.application.throttling import CHALLENGE_BY_CLIENT, SIGN_IN_BY_ADDRESS, limit
from nexoraz.identity.domain.account import ACCOUNT
from nexoraz.identity.domain.passkey import PASSKEYS, AddPasskey, Passkey, PasskeyUnknown, RemovePasskey, UsePasskey

LIFE = timedelta(minutes=10)
REGISTER, SIGN_IN = "passkey-registration", "passkey-sign-in"
THE_PASSKEY = "passkey"


def passkeys_stream(account_id: str) -> Stream:
    """The passkeys of one account."""
    return Stream.of("passkeys", account_id, account_id)


@dataclass(frozen=True, slots=True)
class PasskeyKeeping:
    store: EventStore
    accounts: Accounts
    challenges: Challenges
    ceremonies: Ceremonies
    starts: SessionStarts
    alerts: Alerts
    throttle: Throttle
    pace: Pace
    now: Clock
    new_id: Callable[[], str]

    def listed(self, account_id: str) -> list[Passkey]:
        """Oldest first; there are few."""
        with self.store.transaction() as tx:
            passkeys, _ = load(tx, PASSKEYS, passkeys_stream(account_id))
        return [*passkeys.values()]

    def begin(self, account_id: str) -> Json:
        """Options to make a passkey with."""
        with self.store.transaction() as tx:
            account, _ = load(tx, ACCOUNT, account_stream(account_id))
            known, _ = load(tx, PASSKEYS, passkeys_stream(account_id))
        challenge = self.challenges.give(REGISTER, account_id, self.now() + LIFE)
        ids = [passkey.credential_id for passkey in known.values()]
        return self.ceremonies.to_register(account_id, account.email, challenge, ids)

    def add(self, account_id: str, name: str, response: Json) -> Passkey:
        """Keep what the authenticator made, and tell the owner. Raises CeremonyRefused, PasskeyAlreadyAdded,
        PasskeysExhausted."""
        challenge = _challenge(response)
        if not self.challenges.take(REGISTER, account_id, challenge):
            raise CeremonyRefused
        made, passkey_id = self.ceremonies.registered(response, challenge), self.new_id()

        def work(tx: Transaction) -> Passkey:
            command = AddPasskey(
                account_id, passkey_id, made.credential_id, made.public_key, name, made.sign_count, self.now()
            )
            execute(tx, PASSKEYS, passkeys_stream(account_id), command)
            self.alerts.credential_changed(tx, account_id, THE_PASSKEY, "added")
            return load(tx, PASSKEYS, passkeys_stream(account_id))[0][passkey_id]

        return repeated(self.store, work)

    def remove(self, account_id: str, passkey_id: str) -> None:
        """Raises PasskeyUnknown."""

        def work(tx: Transaction) -> None:
            command = RemovePasskey(account_id, passkey_id, self.now())
            execute(tx, PASSKEYS, passkeys_stream(account_id), command)
            self.alerts.credential_changed(tx, account_id, THE_PASSKEY, "removed")

        repeated(self.store, work)

    def challenge(self, client: Client) -> Json:
        """Options to sign in with, the same for everybody. Raises TooManyAttempts."""
        limit(self.throttle, CHALLENGE_BY_CLIENT, client.address)
        return self.ceremonies.to_sign_in(self.challenges.give(SIGN_IN, "", self.now() + LIFE))

    def sign_in(self, response: Json, client: Client) -> SignedIn:
        """Start a session. Raises SignInRefused and TooManyAttempts, both after the same time."""
        with self.pace.even_refusals():
            limit(self.throttle, SIGN_IN_BY_ADDRESS, client.address)
            try:
                challenge = _challenge(response)
                if not self.challenges.take(SIGN_IN, "", challenge):
                    raise SignInRefused
                return repeated(self.store, lambda tx: self._sign_in(tx, response, challenge, client))
            except (AccountErased, KeyDestroyed, CeremonyRefused, PasskeyUnknown) as refused:
                raise SignInRefused from refused

    def _sign_in(self, tx: Transaction, response: Json, challenge: str, client: Client) -> SignedIn:
        account_id = _account(response)
        if not self.accounts.password_of(tx, account_id):
            raise PasskeyUnknown
        passkeys, _ = load(tx, PASSKEYS, passkeys_stream(account_id))
        passkey = next((p for p in passkeys.values() if p.credential_id == response["id"]), None)
        if passkey is None:
            raise PasskeyUnknown
        count = self.ceremonies.signed_in(response, challenge, passkey.public_key, passkey.sign_count)
        execute(tx, PASSKEYS, passkeys_stream(account_id), UsePasskey(passkey.passkey_id, count, self.now()))
        return self.starts.start_in(tx, account_id, client)


def _challenge(response: Json) -> str:
    """The challenge that the response says it answers; the ceremony checks that it is signed."""
    try:
        challenge = json.loads(_decoded(response["response"]["clientDataJSON"]))["challenge"]
    except (ValueError, KeyError, TypeError) as malformed:
        raise CeremonyRefused from malformed
    if not isinstance(challenge, str):
        raise CeremonyRefused
    return challenge


def _account(response: Json) -> str:
    """The account that the passkey was made for; a wrong one has no such public key."""
    try:
        return _decoded(response["response"]["userHandle"]).decode("ascii")
    except (ValueError, KeyError, TypeError) as malformed:
        raise CeremonyRefused from malformed


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError from error
