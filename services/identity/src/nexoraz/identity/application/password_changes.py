"""A new password: by a mailed link for who lost the old one, or by the old one. No answer tells who has an account."""

from collections.abc import Callable
from dataclasses import dataclass

from nexoraz.events.event import Stream
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute, repeated
from nexoraz.identity.application.alerts import PASSWORD as THE_PASSWORD
from nexoraz.identity.application.alerts import Alerts
from nexoraz.identity.application.pace import Pace
from nexoraz.identity.application.ports import (
    Accounts,
    Clock,
    Credentials,
    KeyedHash,
    Mailbox,
    Passwords,
    Throttle,
)
from nexoraz.identity.application.secret_tokens import PASSWORD_RESET, MailedToken, mailed_hash, new_mailed, read_mailed
from nexoraz.identity.application.session_ends import SessionEnds
from nexoraz.identity.application.throttling import (
    PASSWORD_CHANGE_BY_ACCOUNT,
    RESET_BY_ADDRESS,
    RESET_BY_CLIENT,
    RESET_USE_BY_CLIENT,
    limit,
)
from nexoraz.identity.domain.email_address import lookup_form
from nexoraz.identity.domain.password import (
    PASSWORD,
    PasswordReplaced,
    PasswordResetGone,
    PasswordResetsExhausted,
    ReplaceByLink,
    ReplaceByPassword,
    StartPasswordReset,
)
from nexoraz.identity.domain.session import CREDENTIAL_CHANGED

KIND = "reset-password"


def password_stream(account_id: str) -> Stream:
    """When the password of one account was replaced, and the links that were mailed for it."""
    return Stream.of("password", account_id, account_id)


@dataclass(frozen=True, slots=True)
class PasswordChanges:
    store: EventStore
    accounts: Accounts
    credentials: Credentials
    mailbox: Mailbox
    hashes: KeyedHash
    passwords: Passwords
    ends: SessionEnds
    alerts: Alerts
    throttle: Throttle
    pace: Pace
    now: Clock
    new_id: Callable[[], str]

    def ask_reset(self, email: str, client: str) -> None:
        """Mail a link, if the address has an account. Raises TooManyAttempts, for any address alike."""
        with self.pace.even():
            address = lookup_form(email)
            limit(self.throttle, RESET_BY_CLIENT, client)
            limit(self.throttle, RESET_BY_ADDRESS, address)
            try:
                repeated(self.store, lambda tx: self._ask_reset(tx, address))
            except (AccountErased, KeyDestroyed, PasswordResetsExhausted):
                return

    def _ask_reset(self, tx: Transaction, address: str) -> None:
        known = self.accounts.find(tx, address)
        if known is None or not known.verified_by:
            return
        token = new_mailed(known.account_id, self.new_id())
        hashed = mailed_hash(self.hashes, PASSWORD_RESET, token)
        command = StartPasswordReset(known.account_id, token.link_id, hashed, self.now())
        execute(tx, PASSWORD, password_stream(known.account_id), command)
        self.mailbox.post(tx, known.account_id, KIND, address, {"token": token.text})

    def reset(self, text: str, password: str, client: str) -> None:
        """Replace the password and end every session. Raises PasswordResetGone and TooManyAttempts."""
        limit(self.throttle, RESET_USE_BY_CLIENT, client)
        token = read_mailed(text)
        if token is None:
            raise PasswordResetGone
        password_hash = self.passwords.hash(password)
        try:
            replaced = repeated(self.store, lambda tx: self._reset(tx, token, password_hash))
        except (AccountErased, KeyDestroyed) as erased:
            raise PasswordResetGone from erased
        if not replaced:
            raise PasswordResetGone

    def _reset(self, tx: Transaction, token: MailedToken, password_hash: str) -> bool:
        """False for a wrong secret; that it was tried must be committed."""
        hashed = mailed_hash(self.hashes, PASSWORD_RESET, token)
        command = ReplaceByLink(token.account_id, token.link_id, hashed, self.now())
        [recorded] = execute(tx, PASSWORD, password_stream(token.account_id), command)
        if not isinstance(recorded.event, PasswordReplaced):
            return False
        self._keep(tx, token.account_id, token.link_id, password_hash)
        self.ends.end_all(tx, token.account_id, CREDENTIAL_CHANGED)
        return True

    def change(self, account_id: str, session_id: str, current: str, new: str) -> bool:
        """Replace the password and end every other session; False when `current` is wrong. Raises TooManyAttempts."""
        limit(self.throttle, PASSWORD_CHANGE_BY_ACCOUNT, account_id)
        with self.store.transaction() as tx:
            hashed = self.credentials.find(tx, account_id, self.accounts.password_of(tx, account_id))
        if not self.passwords.verify(hashed, current):
            return False
        self.throttle.clear(PASSWORD_CHANGE_BY_ACCOUNT, account_id)
        password_hash = self.passwords.hash(new)

        def work(tx: Transaction) -> None:
            command = ReplaceByPassword(account_id, self.new_id(), self.now())
            [recorded] = execute(tx, PASSWORD, password_stream(account_id), command)
            self._keep(tx, account_id, recorded.event.credential_id, password_hash)
            self.ends.end_all(tx, account_id, CREDENTIAL_CHANGED, but=session_id)

        repeated(self.store, work)
        return True

    def _keep(self, tx: Transaction, account_id: str, credential_id: str, password_hash: str) -> None:
        self.credentials.put(tx, account_id, credential_id, password_hash)
        self.credentials.keep_only(tx, account_id, credential_id)
        self.alerts.credential_changed(tx, account_id, THE_PASSWORD)
