"""Signing in and out, and seeing where one is signed in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.identity.application.openid import Answered, OpenId, Opening
from nexoraz.identity.application.passkeys import PasskeyKeeping
from nexoraz.identity.application.session_ends import SessionEnds
from nexoraz.identity.application.sign_in import SignIn
from nexoraz.identity.web.client import client
from nexoraz.identity.web.cookies import forget_signed_in, presented_refresh_cookie
from nexoraz.identity.web.openid_schemas import ProviderSignIn
from nexoraz.identity.web.passkey_schemas import PasskeySignIn
from nexoraz.identity.web.schemas import Credentials, Refreshing, Session
from nexoraz.identity.web.schemas import SignedIn as SignedInView
from nexoraz.identity.web.tokens import tokens
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.client import client_address
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor


def sessions_blueprint(sign_in: SignIn, ends: SessionEnds, passkeys: PasskeyKeeping, openid: OpenId) -> Blueprint:
    sessions = Blueprint("sessions", __name__, url_prefix="/sessions", description="Being signed in")

    @sessions.route("", methods=["POST"])
    @sessions.arguments(Credentials)
    @sessions.response(201, SignedInView)
    @sessions.alt_response(401, "UNAUTHORIZED")
    @sessions.alt_response(429, "TOO_MANY_REQUESTS")
    def sign_in_here(body: dict[str, str]) -> Response:
        """Sign in by password, with a code where the account has a second factor. Whatever is wrong or missing, the
        answer is the same. No Idempotency-Key: remembering the answer would mean to keep the tokens."""
        return tokens(sign_in.sign_in(body["email"], body["password"], client(), body["code"]), 201)

    @sessions.route("/passkey", methods=["POST"])
    @sessions.arguments(PasskeySignIn)
    @sessions.response(201, SignedInView)
    @sessions.alt_response(401, "UNAUTHORIZED")
    @sessions.alt_response(429, "TOO_MANY_REQUESTS")
    def sign_in_by_passkey(body: dict[str, Any]) -> Response:
        """Sign in by a passkey, for a challenge of /passkeys/challenge. No address and no password are needed."""
        return tokens(passkeys.sign_in(body["credential"], client()), 201)

    @sessions.route("/openid", methods=["POST"])
    @sessions.arguments(ProviderSignIn)
    @sessions.response(201, SignedInView)
    @sessions.alt_response(403, "FORBIDDEN")
    @sessions.alt_response(404, "NOT_FOUND")
    @sessions.alt_response(409, "CONFLICT")
    @sessions.alt_response(429, "TOO_MANY_REQUESTS")
    @sessions.alt_response(503, "SERVICE_UNAVAILABLE")
    def sign_in_by_provider(body: dict[str, Any]) -> Response:
        """Sign in with what a provider answered. An account is opened only by who agrees to it, with `opening`."""
        opening = body["opening"] and Opening(
            body["opening"]["country"], body["opening"]["birth_date"], body["opening"]["name"]
        )
        answered = Answered(body["provider"], body["handle"], body["code"], body["state"])
        return tokens(openid.sign_in(answered, opening, client()), 201)

    @sessions.route("/refresh", methods=["POST"])
    @sessions.arguments(Refreshing)
    @sessions.response(200, SignedInView)
    @sessions.alt_response(401, "UNAUTHORIZED")
    @sessions.alt_response(409, "CONFLICT")
    @sessions.alt_response(429, "TOO_MANY_REQUESTS")
    def refresh(body: dict[str, str | None]) -> Response:
        """Exchange the refresh token for a new pair. Each works once; using an old one ends the session."""
        return tokens(sign_in.refresh(body["refresh_token"] or presented_refresh_cookie(), client_address()), 200)

    @sessions.route("", methods=["GET"])
    @authenticated
    @sessions.arguments(PageArgs, location="query")
    @sessions.response(200, page_schema(Session))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """Where this account is signed in, newest first."""
        after = read_cursor(args["cursor"], datetime, UUID)
        rows = ends.listed(caller.account_id, after, args["limit"] + 1)
        result = page(rows, args["limit"], key=lambda row: (row.created_at, row.id))
        result["items"] = [
            {
                "id": row.id, "device": row.device, "network": row.network or None, "country": row.country or None,
                "created_at": row.created_at, "last_used_at": row.last_used_at,
                "current": str(row.id) == caller.session_id,
            }
            for row in result["items"]
        ]  # fmt: skip
        return result

    @sessions.route("", methods=["DELETE"])
    @authenticated
    @sessions.response(204)
    def sign_out_everywhere(*, caller: Caller) -> Response:
        """End every session of this account."""
        ends.sign_out_everywhere(caller.account_id)
        return _signed_out()

    @sessions.route("/current", methods=["DELETE"])
    @authenticated
    @sessions.response(204)
    def sign_out(*, caller: Caller) -> Response:
        """End the session of this request."""
        ends.sign_out(caller.account_id, caller.session_id)
        return _signed_out()

    @sessions.route("/<uuid:session_id>", methods=["DELETE"])
    @authenticated
    @sessions.response(204)
    @sessions.alt_response(404, "NOT_FOUND")
    def revoke(session_id: UUID, *, caller: Caller) -> Response:
        """End one session of this account."""
        ends.sign_out(caller.account_id, str(session_id))
        return _signed_out() if str(session_id) == caller.session_id else Response(status=204)

    return sessions


def _signed_out() -> Response:
    response = Response(status=204)
    forget_signed_in(response)
    return response
