"""The two essential cookies (clause C4): the access token for every path, the refresh token for its own path only."""

from flask import request
from werkzeug.wrappers import Response

from nexoraz.identity.application.session_starts import SignedIn
from nexoraz.service.auth import clear_session_cookie, session_cookie

REFRESH_COOKIE = "__Secure-nexoraz-refresh"
REFRESH_PATH = "/v1/identity/sessions/refresh"


def keep_signed_in(response: Response, signed_in: SignedIn) -> None:
    session_cookie(response, signed_in.access_token, signed_in.expires_in)
    _refresh_cookie(response, signed_in.refresh_token, signed_in.refresh_expires_in)


def forget_signed_in(response: Response) -> None:
    clear_session_cookie(response)
    _refresh_cookie(response, "", 0)


def presented_refresh_cookie() -> str:
    return request.cookies.get(REFRESH_COOKIE, "")


def _refresh_cookie(response: Response, value: str, max_age: int) -> None:
    response.set_cookie(
        REFRESH_COOKIE, value, max_age=max_age, path=REFRESH_PATH, secure=True, httponly=True, samesite="Strict"
    )
