"""Who is calling: tokens verified with keys of the service's own database, and refused when revoked there.

A request is answered only if the signature, the times and the audience hold, and neither the session nor the
account is revoked in this service's database at that moment: revocation is looked up for every request and is
never cached, so an erased account is refused from the commit of `revoke` on. When the database cannot be asked,
the request fails (503): it fails closed. Only what cannot change is cached: the outcome of a signature check
(at most 10 minutes, as long as the token lives) and the verification keys (at most KEYS_KEPT seconds).
"""

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import current_app, g, request
from sqlalchemy import Engine
from werkzeug.wrappers import Response

from nexoraz.service.documentation import document
from nexoraz.service.exchange import mark_authenticated
from nexoraz.service.lookup import RevocationLookup
from nexoraz.service.problems import Problem, standard
from nexoraz.service.revocations import (
    VerificationKeys,
    forget_key,
    forget_key_async,
    remember_key,
    remember_key_async,
    revoke,
    revoke_async,
)
from nexoraz.service.tables import AuthTables, auth_tables
from nexoraz.service.tokens import LIFETIME, REQUESTS, TokenRefused, VerifiedToken, verify_token

__all__ = [
    "FOR_REQUESTS",
    "AuthTables",
    "Authenticator",
    "Caller",
    "auth_tables",
    "authenticated",
    "authenticated_for_requests",
    "clear_session_cookie",
    "forget_key",
    "forget_key_async",
    "operator",
    "remember_key",
    "remember_key_async",
    "revoke",
    "revoke_async",
    "session_cookie",
]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")
COOKIE = "__Host-nexoraz"
OPERATOR = "operator"
WHOLE, FOR_REQUESTS = frozenset({""}), frozenset({"", REQUESTS})
"""Which scopes a route accepts: whole sign-ins only, or the narrow token of a mailed code too."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKENS_KEPT = 4096
_SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"cookie": []}]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as a view gets it. Ids are lower-case UUID strings."""

    account_id: str
    session_id: str
    authenticated_at: datetime
    roles: frozenset[str]


class Authenticator:
    """Turns a request into a Caller or a 401. One per process; safe for threads."""

    def __init__(
        self,
        engine: Engine,
        tables: AuthTables,
        public_url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = VerificationKeys(engine, tables, clock)
        self._revocations = RevocationLookup(engine)
        self._origin = _origin(public_url)
        self._clock = clock
        self._verified: dict[str, VerifiedToken] = {}

    def caller(self, scopes: frozenset[str] = WHOLE) -> Caller:
        """The caller of the current request; raises a Problem (401, or 403 for a cross-site cookie). A token of any
        other scope than these is refused like one that is not ours."""
        token, from_cookie = _presented()
        if from_cookie and request.method not in _SAFE_METHODS:
            self._require_same_origin()
        try:
            verified = self._verify(token)
        except TokenRefused as refused:
            raise _not_authenticated(expired=refused.reason == "expired") from refused
        claims = verified.claims
        if claims.scope not in scopes:
            raise _not_authenticated()
        if self._revocations.is_revoked(claims.account_id, claims.session_id, verified.issued_at):
            raise _not_authenticated()
        return Caller(claims.account_id, claims.session_id, claims.authenticated_at, claims.roles)

    def recognised(self) -> str | None:
        """The account whose valid token came with the request, or None. Says who asks, and not that they may: neither
        revocation nor scope is looked at."""
        try:
            return self._verify(_presented()[0]).claims.account_id
        except (TokenRefused, Problem):
            return None

    def _verify(self, token: str) -> VerifiedToken:
        now = self._clock()
        known = self._verified.get(token)
        if known is not None:
            if now >= known.expires_at:
                self._verified.pop(token, None)
                raise TokenRefused("expired")
            if self._keys.find(known.kid) is None:
                raise TokenRefused("unknown-key")
            return known
        verified = verify_token(token, self._keys.find, datetime.fromtimestamp(now).astimezone())
        if len(self._verified) >= _TOKENS_KEPT:
            self._verified = {}
        self._verified[token] = verified
        return verified

    def _require_same_origin(self) -> None:
        """A cookie is sent by the browser, whoever wrote the page; so an unsafe request must be our own page's."""
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin")
        if origin is not None and _origin(origin) != self._origin:
            raise _cross_site()
        if site == "same-origin" or (site is None and origin is not None):
            return
        raise _cross_site()


def _presented() -> tuple[str, bool]:
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _not_authenticated()
        return token.strip(), False
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise _not_authenticated()
    return cookie, True


def _origin(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    defaults = {"http": 80, "https": 443}
    return parts.scheme, (parts.hostname or "").lower(), port or defaults.get(parts.scheme)


def _not_authenticated(*, expired: bool = False) -> Problem:
    problem = standard(401)
    why = ', error="invalid_token", error_description="expired"' if expired else ""
    problem.headers["WWW-Authenticate"] = f'Bearer realm="nexoraz"{why}'
    return problem


def _cross_site() -> Problem:
    return Problem("cross-site-request", 403, "A request with the session cookie must come from our own pages")


def authenticated(view: Callable[P, R]) -> Callable[..., R]:
    """The view is only reached by a signed-in caller, whom it gets as the keyword `caller`."""
    return _guarded(view, frozenset())


def authenticated_for_requests(view: Callable[P, R]) -> Callable[..., R]:
    """As `authenticated`, and the narrow token of a mailed code is accepted too."""
    return _guarded(view, frozenset(), FOR_REQUESTS)


def operator(view: Callable[P, R]) -> Callable[..., R]:
    """As `authenticated`, and a caller without the role `operator` gets 403."""
    return _guarded(view, frozenset({OPERATOR}))


def _guarded(view: Callable[P, R], roles: frozenset[str], scopes: frozenset[str] = WHOLE) -> Callable[..., R]:
    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> R:
        authenticator: Authenticator = current_app.extensions["nexoraz.authenticator"]
        mark_authenticated()
        caller = authenticator.caller(scopes)
        if not roles <= caller.roles:
            raise standard(403)
        g.caller = caller
        return view(*args, caller=caller, **kwargs)  # type: ignore[arg-type]  # ParamSpec cannot add a keyword

    answers = ["UNAUTHORIZED", "FORBIDDEN"] if roles else ["UNAUTHORIZED"]
    document(guarded, security=_SECURITY, refusals=answers)
    return guarded


def session_cookie(response: Response, token: str, max_age: int = int(LIFETIME.total_seconds())) -> None:
    """Set the session cookie: HttpOnly, Secure, SameSite=Strict, host only (the `__Host-` prefix demands it)."""
    response.set_cookie(COOKIE, token, max_age=max_age, path="/", secure=True, httponly=True, samesite="Strict")


def clear_session_cookie(response: Response) -> None:
    """Tell the browser to forget the session cookie."""
    response.set_cookie(COOKIE, "", max_age=0, path="/", secure=True, httponly=True, samesite="Strict")
