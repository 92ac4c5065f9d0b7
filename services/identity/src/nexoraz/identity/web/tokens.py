"""The answer to who is signed in now."""

from flask import Response, jsonify

from nexoraz.identity.application.session_starts import SignedIn
from nexoraz.identity.web.cookies import keep_signed_in
from nexoraz.identity.web.schemas import SignedIn as SignedInView


def tokens(signed_in: SignedIn, status: int) -> Response:
    """In the body for applications, in cookies for browsers; kept by nobody on the way."""
    response = jsonify(SignedInView().dump(signed_in))
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    keep_signed_in(response, signed_in)
    return response
