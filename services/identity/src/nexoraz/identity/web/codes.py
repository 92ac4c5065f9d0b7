"""A code by mail instead of a sign-in, for using one's rights only."""

from typing import Any

from flask import Response, jsonify

from nexoraz.identity.application.access_codes import AccessCodes
from nexoraz.identity.web.schemas import CodeAsked, CodePresented, CodeReceived
from nexoraz.identity.web.schemas import NarrowToken as NarrowTokenView
from nexoraz.service.app import Blueprint
from nexoraz.service.client import client_address


def codes_blueprint(access_codes: AccessCodes) -> Blueprint:
    codes = Blueprint("codes", __name__, url_prefix="/codes", description="A code by mail, for requests only")

    @codes.route("", methods=["POST"])
    @codes.arguments(CodeAsked)
    @codes.response(202, CodeReceived)
    @codes.alt_response(429, "TOO_MANY_REQUESTS")
    def ask(body: dict[str, str]) -> dict[str, Any]:
        """Have a code mailed, valid for 15 minutes. The answer is the same for every address. A second one voids the
        first, so there is nothing that an Idempotency-Key could keep."""
        access_codes.send(body["email"], client_address())
        return {}

    @codes.route("/exchange", methods=["POST"])
    @codes.arguments(CodePresented)
    @codes.response(200, NarrowTokenView)
    @codes.alt_response(401, "UNAUTHORIZED")
    @codes.alt_response(429, "TOO_MANY_REQUESTS")
    def exchange(body: dict[str, str]) -> Response:
        """Exchange the code, once, for a token of ten minutes that opens requests about one's data only."""
        token = access_codes.exchange(body["email"], body["code"], client_address())
        response = jsonify(NarrowTokenView().dump(token))
        response.headers["Cache-Control"] = "no-store"
        return response

    return codes
