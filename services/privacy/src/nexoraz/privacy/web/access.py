"""Who may follow a request: its account's session, or whoever bears the token of that one request.

The token outlives the account: after an erasure no session exists, and the person still gets the certificate.
"""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask import current_app, g, request

from nexoraz.privacy.application.capability import PREFIX, token_hash
from nexoraz.privacy.projections.requests import belongs_to, request_of_token
from nexoraz.privacy.web.desk import Desk
from nexoraz.service.auth import FOR_REQUESTS, Authenticator
from nexoraz.service.documentation import document
from nexoraz.service.problems import not_found, standard

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_TOKEN = 100


def follower(desk: Desk) -> Callable[[Callable[P, R]], Callable[..., R]]:
    """The view gets `request_id` as text, once the caller may follow that request; strangers get the same 404."""

    def wrap(view: Callable[P, R]) -> Callable[..., R]:
        @functools.wraps(view)
        def guarded(request_id: UUID, **kwargs: Any) -> R:
            g.authenticated = True
            if not _may_follow(desk, str(request_id)):
                raise not_found()
            return view(request_id=str(request_id), **kwargs)  # type: ignore[call-arg,arg-type]  # ParamSpec

        document(guarded, security=[{"bearer": []}, {"cookie": []}], refusals=["UNAUTHORIZED", "NOT_FOUND"])
        return guarded

    return wrap


def _may_follow(desk: Desk, request_id: str) -> bool:
    token = _token()
    if token is None:
        authenticator: Authenticator = current_app.extensions["nexoraz.authenticator"]
        caller = authenticator.caller(FOR_REQUESTS)
        with desk.engine.connect() as connection:
            return belongs_to(connection, request_id, caller.account_id)
    with desk.engine.connect() as connection:
        opened = request_of_token(connection, token_hash(desk.hashes, token))
    if opened is None:
        raise standard(401)
    return opened == request_id


def _token() -> str | None:
    """The presented token of a request; None when something else was presented, or nothing."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    given = token.strip()
    return given if scheme.lower() == "bearer" and given.startswith(PREFIX) and len(given) <= LONGEST_TOKEN else None
