"""Codes by mail, and the narrow token that they are exchanged for. No answer tells whether an address is known."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, load, repeated
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import Accounts, Clock, KeyedHash, Mailbox, Throttle
from nexoraz.identity.application.signing import Signing
from nexoraz.identity.application.throttling import (
    CODE_BY_ADDRESS,
    CODE_BY_CLIENT,
    CODE_USE_BY_ADDRESS,
    CODE_USE_BY_CLIENT,
    limit,
)
from nexoraz.identity.domain.access_code import (
    ACCESS_CODES,
    AccessCodeRefused,
    AccessCodesExhausted,
    AccessCodeUsed,
    SendAccessCode,
    UseAccessCode,
)
from nexoraz.identity.domain.email_address import lookup_form
from nexoraz.service.tokens import LIFETIME, REQUESTS, TokenClaims

KIND = "access-code"


def code_stream(account_id: str) -> Stream:
    """The codes of one account."""
    return Stream.of("access-code", account_id, account_id)


@dataclass(frozen=True, slots=True)
class NarrowToken:
    """expires_in: seconds."""

    access_token: str = field(repr=False)
    scope: str = REQUESTS
    expires_in: int = int(LIFETIME.total_seconds())


@dataclass(frozen=True, slots=True)
class AccessCodes:
    store: EventStore
    accounts: Accounts
    mailbox: Mailbox
    hashes: KeyedHash
    signing: Signing
    throttle: Throttle
    pace: Pace
    now: Clock
    new_id: Callable[[], str]

    def send(self, email: str, client: str) -> None:
        """Mail a code, if the address has an account. Raises TooManyAttempts, for any address alike."""
        with self.pace.even():
            address = lookup_form(email)
            limit(self.throttle, CODE_BY_CLIENT, client)
            limit(self.throttle, CODE_BY_ADDRESS, address)
            try:
                repeated(self.store, lambda tx: self._send(tx, address))
            except (AccountErased, KeyDestroyed, AccessCodesExhausted):
                return

    def _send(self, tx: Transaction, address: str) -> None:
        account_id = self._account(tx, address)
        if account_id is None:
            return
        code_id, code = self.new_id(), f"{secrets.randbelow(10**8):08}"
        command = SendAccessCode(account_id, code_id, self._hash(code_id, code), self.now())
        execute(tx, ACCESS_CODES, code_stream(account_id), command)
        self.mailbox.post(tx, account_id, KIND, address, {"code": code})

    def exchange(self, email: str, code: str, client: str) -> NarrowToken:
        """A token for requests. Raises AccessCodeRefused and TooManyAttempts, both after the same time."""
        with self.pace.even_refusals():
            address = lookup_form(email)
            limit(self.throttle, CODE_USE_BY_CLIENT, client)
            limit(self.throttle, CODE_USE_BY_ADDRESS, address)
            try:
                token = repeated(self.store, lambda tx: self._exchange(tx, address, code))
            except (AccountErased, KeyDestroyed) as erased:
                raise AccessCodeRefused from erased
            if token is None:
                raise AccessCodeRefused
            return token

    def _exchange(self, tx: Transaction, address: str, code: str) -> NarrowToken | None:
        """None for a wrong code; that it was tried must be committed."""
        account_id = self._account(tx, address)
        if account_id is None:
            raise AccessCodeRefused
        state, _ = load(tx, ACCESS_CODES, code_stream(account_id))
        command = UseAccessCode(self._hash(state.code_id, code), self.now())
        [recorded] = execute(tx, ACCESS_CODES, code_stream(account_id), command)
        if not isinstance(recorded.event, AccessCodeUsed):
            return None
        claims = TokenClaims(account_id, state.code_id, recorded.event.at, scope=REQUESTS)
        return NarrowToken(self.signing.sign(tx, claims))

    def _account(self, tx: Transaction, address: str) -> str | None:
        known = self.accounts.find(tx, address)
        return known.account_id if known is not None and known.verified_by else None

    def _hash(self, code_id: str, code: str) -> str:
        return self.hashes.keyed_hash("access-code", f"{code_id}|{code}")
