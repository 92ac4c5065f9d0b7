"""The two secrets that people carry: the one-time token of a mailed link and the refresh token of a session.

Both name what they belong to, so that no secret is ever searched for, and only keyed hashes of them are stored.
"""

import hmac
import re
import secrets
from dataclasses import dataclass

from nexoraz.identity.application.ports import KeyedHash

VERIFICATION, PASSWORD_RESET, ADDRESS_CHANGE = "verification", "password-reset", "address-change"
"""What a mailed token is for."""

_UUID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_MAILED = re.compile(rf"{_UUID}\.{_UUID}\.([A-Za-z0-9_-]{{43}})")
_REFRESH = re.compile(rf"{_UUID}\.{_UUID}\.([0-9]{{1,9}})\.([A-Za-z0-9_-]{{43}})\.([0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class MailedToken:
    account_id: str
    link_id: str
    text: str


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """generation: counts a session's refresh tokens from 0."""

    account_id: str
    session_id: str
    generation: int
    text: str


def new_mailed(account_id: str, link_id: str) -> MailedToken:
    text = f"{account_id}.{link_id}.{secrets.token_urlsafe(32)}"
    return MailedToken(account_id, link_id, text)


def read_mailed(text: str) -> MailedToken | None:
    """None when the text has not the form of a token."""
    found = _MAILED.fullmatch(text)
    return MailedToken(found[1], found[2], text) if found else None


def mailed_hash(hashes: KeyedHash, purpose: str, token: MailedToken) -> str:
    """A token of one purpose is none of another."""
    return hashes.keyed_hash(f"{purpose}-token", token.text)


def new_refresh(hashes: KeyedHash, account_id: str, session_id: str, generation: int) -> RefreshToken:
    body = f"{account_id}.{session_id}.{generation}.{secrets.token_urlsafe(32)}"
    return RefreshToken(account_id, session_id, generation, f"{body}.{_seal(hashes, body)}")


def read_refresh(hashes: KeyedHash, text: str) -> RefreshToken | None:
    """None unless we made this very token: a guess must not be taken for the reuse of an old one."""
    found = _REFRESH.fullmatch(text)
    if found is None:
        return None
    body = text.rpartition(".")[0]
    if not hmac.compare_digest(_seal(hashes, body), found[5]):
        return None
    return RefreshToken(found[1], found[2], int(found[3]), text)


def refresh_hash(hashes: KeyedHash, token: RefreshToken) -> str:
    return hashes.keyed_hash("refresh-token", token.text)


def _seal(hashes: KeyedHash, body: str) -> str:
    return hashes.keyed_hash("refresh-token-made-here", body)
