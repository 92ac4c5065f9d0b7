"""Signing in by OpenID providers: beginning, and linking; the sign-in itself is among the sessions."""

from typing import Any

from flask import Response

from nexoraz.identity.application.openid import Answered, OpenId
from nexoraz.identity.application.openid import Begun as BegunSignIn
from nexoraz.identity.web.client import client
from nexoraz.identity.web.fresh import require_fresh
from nexoraz.identity.web.openid_schemas import Begun, ProviderAnswer, ProviderList
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated


def openid_blueprint(openid: OpenId) -> Blueprint:
    providers = Blueprint("openid", __name__, url_prefix="/openid", description="Signing in by OpenID providers")

    @providers.route("", methods=["GET"])
    @providers.response(200, ProviderList)
    def listed() -> dict[str, Any]:
        """The names of the providers."""
        return {"items": openid.providers.names()}

    @providers.route("/links", methods=["GET"])
    @authenticated
    @providers.response(200, ProviderList)
    def linked(*, caller: Caller) -> dict[str, Any]:
        """The providers that this account is linked to."""
        return {"items": openid.linked(caller.account_id)}

    @providers.route("/<string:provider>/authorization", methods=["POST"])
    @providers.response(200, Begun)
    @providers.alt_response(404, "NOT_FOUND")
    @providers.alt_response(429, "TOO_MANY_REQUESTS")
    @providers.alt_response(503, "SERVICE_UNAVAILABLE")
    def begin(provider: str) -> BegunSignIn:
        """Begin a sign-in: an address to send the person to, good for ten minutes and one answer."""
        return openid.begin(provider, client())

    @providers.route("/<string:provider>/link/authorization", methods=["POST"])
    @authenticated
    @providers.response(200, Begun)
    @providers.alt_response(403, "FORBIDDEN")
    @providers.alt_response(404, "NOT_FOUND")
    @providers.alt_response(429, "TOO_MANY_REQUESTS")
    @providers.alt_response(503, "SERVICE_UNAVAILABLE")
    def begin_link(provider: str, *, caller: Caller) -> BegunSignIn:
        """Begin to link this account. Needs a sign-in of the last 15 minutes."""
        require_fresh(caller)
        return openid.begin(provider, client(), caller.account_id)

    @providers.route("/<string:provider>/link", methods=["POST"])
    @authenticated
    @providers.arguments(ProviderAnswer)
    @providers.response(204)
    @providers.alt_response(403, "FORBIDDEN")
    @providers.alt_response(404, "NOT_FOUND")
    @providers.alt_response(409, "CONFLICT")
    @providers.alt_response(503, "SERVICE_UNAVAILABLE")
    def link(body: dict[str, str], provider: str, *, caller: Caller) -> Response:
        """Link this account to who answered at the provider, if it has made sure of their address. Told by mail."""
        require_fresh(caller)
        openid.link(caller.account_id, Answered(provider, body["handle"], body["code"], body["state"]))
        return Response(status=204)

    @providers.route("/<string:provider>/link", methods=["DELETE"])
    @authenticated
    @providers.response(204)
    @providers.alt_response(403, "FORBIDDEN")
    @providers.alt_response(404, "NOT_FOUND")
    def unlink(provider: str, *, caller: Caller) -> Response:
        """End the link. Needs a sign-in of the last 15 minutes. Told by mail."""
        require_fresh(caller)
        openid.unlink(caller.account_id, provider)
        return Response(status=204)

    return providers
