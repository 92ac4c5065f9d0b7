"""An OpenID provider for tests, in a process of its own: python services/identity/tests/provider.py PORT

By the text of OpenID Connect Core 1.0 and RFC 7636. Nobody is asked to agree: whoever comes as `subject` is signed in.
What a test sets by POST /lies makes its next ID tokens wrong.
"""

import base64
import hashlib
import secrets
import sys
import time
from typing import Any
from urllib.parse import urlencode

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.wrappers import Response

CLIENT, SECRET, REDIRECT = "nexoraz", "a secret of two", "https://app.nexoraz.test/signed-in"


def settings(port: int) -> dict[str, dict[str, str]]:
    """What identity is told of it."""
    issuer = f"http://127.0.0.1:{port}"
    registered = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "redirect_uri": REDIRECT}
    return {"example-id": registered}


def provider(port: int) -> Flask:
    app, issuer = Flask("provider"), f"http://127.0.0.1:{port}"
    key, stranger = (ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"}) for _ in range(2))
    codes: dict[str, dict[str, Any]] = {}
    lies: dict[str, Any] = {}

    @app.get("/.well-known/openid-configuration")
    def configuration() -> Response:
        paths = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
        return jsonify({"issuer": issuer, **{name: issuer + path for name, path in paths.items()}})

    @app.get("/keys")
    def keys() -> Response:
        return jsonify({"keys": [key.as_dict(private=False)]})

    @app.post("/lies")
    def lie() -> Response:
        lies.clear()
        lies.update(request.get_json())
        return Response(status=204)

    @app.get("/authorize")
    def authorize() -> Response:
        asked = request.args
        good = (asked["client_id"], asked["redirect_uri"], asked["response_type"]) == (CLIENT, REDIRECT, "code")
        if not good or asked["code_challenge_method"] != "S256" or "openid" not in asked["scope"].split():
            return Response("no", status=400)
        code = secrets.token_urlsafe(16)
        codes[code] = {name: asked[name] for name in ("code_challenge", "nonce", "subject", "email")}
        return redirect(f"{REDIRECT}?{urlencode({'code': code, 'state': asked['state']})}")

    @app.post("/token")
    def token() -> Response:
        sent, known = request.form, codes.pop(request.form["code"], None)
        who = request.authorization
        proof = base64.urlsafe_b64encode(hashlib.sha256(sent["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if who is None or (who.username, who.password) != (CLIENT, SECRET):
            return _error("invalid_client")
        if known is None or known["code_challenge"] != proof or sent["redirect_uri"] != REDIRECT:
            return _error("invalid_grant")
        now = int(time.time())
        claims = {
            "iss": issuer, "sub": known["subject"], "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": known["nonce"], "email": known["email"], "email_verified": True, **lies.get("claims", {}),
        }  # fmt: skip
        signer = stranger if lies.get("key") else key
        id_token = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, signer)
        return jsonify({"access_token": "of no use", "token_type": "Bearer", "id_token": id_token, "expires_in": 300})

    return app


def _error(name: str) -> Response:
    response = jsonify({"error": name})
    response.status_code = 400
    return response


if __name__ == "__main__":
    provider(int(sys.argv[1])).run(port=int(sys.argv[1]), threaded=True)
