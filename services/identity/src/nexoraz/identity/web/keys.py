"""The public keys with which anyone can check our access tokens."""

from typing import Any

from flask import Response, jsonify

from nexoraz.identity.application.signing import Signing
from nexoraz.identity.web.schemas import KeySet
from nexoraz.service.app import Blueprint


def keys_blueprint(signing: Signing) -> Blueprint:
    keys = Blueprint("keys", __name__, url_prefix="/keys", description="Keys of access tokens")

    @keys.route("", methods=["GET"])
    @keys.response(200, KeySet)
    def key_set() -> Response:
        """A JSON Web Key Set (RFC 7517)."""
        with signing.store.transaction() as tx:
            found: list[dict[str, Any]] = signing.key_set(tx)
        response = jsonify({"keys": found})
        response.headers["Cache-Control"] = "public, max-age=60"
        return response

    return keys
