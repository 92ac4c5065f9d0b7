"""Passkeys: made here; the sign-in by them is among the sessions."""

from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.identity.application.passkeys import PasskeyKeeping
from nexoraz.identity.domain.passkey import Passkey as OnePasskey
from nexoraz.identity.web.client import client
from nexoraz.identity.web.fresh import require_fresh
from nexoraz.identity.web.passkey_schemas import NewPasskey, Options, Passkey, PasskeyList
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated


def passkeys_blueprint(keeping: PasskeyKeeping) -> Blueprint:
    passkeys = Blueprint("passkeys", __name__, url_prefix="/passkeys", description="Signing in without a password")

    @passkeys.route("", methods=["GET"])
    @authenticated
    @passkeys.response(200, PasskeyList)
    def listed(*, caller: Caller) -> dict[str, Any]:
        """The passkeys of this account, oldest first; twenty at most."""
        return {"items": keeping.listed(caller.account_id)}

    @passkeys.route("/registration", methods=["POST"])
    @authenticated
    @passkeys.response(200, Options)
    @passkeys.alt_response(403, "FORBIDDEN")
    def begin(*, caller: Caller) -> dict[str, Any]:
        """Options for navigator.credentials.create(), good for ten minutes. Needs a sign-in of the last 15 minutes."""
        require_fresh(caller)
        return {"publicKey": keeping.begin(caller.account_id)}

    @passkeys.route("", methods=["POST"])
    @authenticated
    @passkeys.arguments(NewPasskey)
    @passkeys.response(201, Passkey)
    @passkeys.alt_response(403, "FORBIDDEN")
    @passkeys.alt_response(409, "CONFLICT")
    def add(body: dict[str, Any], *, caller: Caller) -> OnePasskey:
        """Keep the passkey that the authenticator made. Its challenge works once. Told to the owner by mail."""
        require_fresh(caller)
        return keeping.add(caller.account_id, body["name"], body["credential"])

    @passkeys.route("/<uuid:passkey_id>", methods=["DELETE"])
    @authenticated
    @passkeys.response(204)
    @passkeys.alt_response(403, "FORBIDDEN")
    @passkeys.alt_response(404, "NOT_FOUND")
    def remove(passkey_id: UUID, *, caller: Caller) -> Response:
        """Remove a passkey of this account. Needs a sign-in of the last 15 minutes. Told to the owner by mail."""
        require_fresh(caller)
        keeping.remove(caller.account_id, str(passkey_id))
        return Response(status=204)

    @passkeys.route("/challenge", methods=["POST"])
    @passkeys.response(200, Options)
    @passkeys.alt_response(429, "TOO_MANY_REQUESTS")
    def challenge() -> dict[str, Any]:
        """Options for navigator.credentials.get(), good for ten minutes and for one sign-in; the same for everybody."""
        return {"publicKey": keeping.challenge(client())}

    return passkeys
