"""Access tokens: JWTs signed with Ed25519 (RFC 8037, named as RFC 9864 does), valid for ten minutes.

Pure: no store, no clock, no Flask. identity signs; every service verifies with keys that came as events.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

ISSUER, AUDIENCE, ALGORITHM = "nexoraz-identity", "nexoraz", "Ed25519"
REQUESTS = "requests"
"""The scope of a token that opens the routes of privacy requests and nothing else."""
_AUDIENCES = {AUDIENCE: "", f"{AUDIENCE}/{REQUESTS}": REQUESTS}
"""Audience → scope. A narrow token is for another audience, so whoever knows no scopes refuses it."""
LIFETIME = timedelta(minutes=10)
CLOCK_SKEW = timedelta(seconds=30)
"""How far ahead identity's clock may be of a verifier's. It lengthens no token's life."""
LONGEST_TOKEN = 4096


class TokenRefused(Exception):
    """The token does not show who is calling. `reason` is one of a few constant words, fit for a log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """Who is signed in, by which session, since when, and with which roles. scope: "" for everything, or REQUESTS."""

    account_id: str
    session_id: str
    authenticated_at: datetime
    roles: frozenset[str] = frozenset()
    scope: str = ""


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """Claims whose signature was checked; `kid` is the key that it was checked with."""

    claims: TokenClaims
    kid: str
    issued_at: int
    expires_at: int


def new_signing_key() -> dict[str, Any]:
    """A fresh private key as a JWK; its `kid` is the thumbprint of RFC 7638."""
    key = OKPKey.generate_key("Ed25519", private=True)
    return {**key.as_dict(private=True), "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def public_jwk(private: Mapping[str, Any]) -> dict[str, Any]:
    """The half of a key that may be published."""
    return {name: value for name, value in private.items() if name != "d"}


def public_key(jwk: Mapping[str, Any]) -> OKPKey:
    """The verification key of a public JWK; raises ValueError when it is not an Ed25519 key."""
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or "d" in jwk:
        raise ValueError("not a public Ed25519 key")
    return OKPKey.import_key(dict(jwk))


def sign_token(private_jwk: Mapping[str, Any], claims: TokenClaims, now: datetime) -> str:
    """An access token for `claims`, valid from `now` for LIFETIME."""
    issued = int(now.timestamp())
    body = {
        "iss": ISSUER,
        "aud": f"{AUDIENCE}/{claims.scope}" if claims.scope else AUDIENCE,
        "sub": claims.account_id,
        "sid": claims.session_id,
        "iat": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "auth_time": int(claims.authenticated_at.timestamp()),
        "roles": sorted(claims.roles),
    }
    key = OKPKey.import_key(dict(private_jwk))
    return jwt.encode({"alg": ALGORITHM, "kid": private_jwk["kid"]}, body, key, algorithms=[ALGORITHM])


def verify_token(token: str, find_key: Callable[[str], OKPKey | None], now: datetime) -> VerifiedToken:
    """Check everything that the token alone can show; raises TokenRefused. Revocation is the caller's to check."""
    if len(token) > LONGEST_TOKEN:
        raise TokenRefused("malformed")
    kid = _key_id(token)
    key = find_key(kid)
    if key is None:
        raise TokenRefused("unknown-key")
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRefused("signature") from error
    return _checked(claims, kid, int(now.timestamp()))


def _key_id(token: str) -> str:
    try:
        header = json.loads(urlsafe_b64decode(token.split(".", 1)[0].encode("ascii")))
        kid = header["kid"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TokenRefused("malformed") from error
    if not isinstance(kid, str) or not 1 <= len(kid) <= 128 or not kid.isascii() or not kid.isprintable():
        raise TokenRefused("malformed")
    return kid


def _checked(claims: Mapping[str, Any], kid: str, now: int) -> VerifiedToken:
    try:
        issued, expires, since = int(claims["iat"]), int(claims["exp"]), int(claims["auth_time"])
        account, session = str(UUID(claims["sub"])), str(UUID(claims["sid"]))
        roles = frozenset(str(role) for role in claims.get("roles", ()))
        authenticated_at = datetime.fromtimestamp(since, UTC)
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise TokenRefused("claims") from error
    audience = claims.get("aud")
    if claims.get("iss") != ISSUER or not isinstance(audience, str) or audience not in _AUDIENCES:
        raise TokenRefused("claims")
    if issued > now + CLOCK_SKEW.total_seconds() or expires - issued > LIFETIME.total_seconds():
        raise TokenRefused("claims")
    if now >= expires:
        raise TokenRefused("expired")
    return VerifiedToken(
        TokenClaims(account, session, authenticated_at, roles, _AUDIENCES[audience]), kid, issued, expires
    )
