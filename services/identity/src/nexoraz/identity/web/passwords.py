"""A new password, by mail or by the old one."""

from typing import Any

from flask import Response

from nexoraz.identity.application.password_changes import PasswordChanges
from nexoraz.identity.web.credential_schemas import NewPassword, PasswordChange, Received, ResetAsked
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.client import client_address
from nexoraz.service.problems import Problem


def passwords_blueprint(changes: PasswordChanges) -> Blueprint:
    passwords = Blueprint("passwords", __name__, url_prefix="/password", description="The password")

    @passwords.route("", methods=["POST"])
    @authenticated
    @passwords.arguments(PasswordChange)
    @passwords.response(204)
    @passwords.alt_response(403, "FORBIDDEN")
    @passwords.alt_response(429, "TOO_MANY_REQUESTS")
    def change(body: dict[str, str], *, caller: Caller) -> Response:
        """Replace it by whoever knows the one in use. Every other session ends, and the address is told by mail."""
        if not changes.change(caller.account_id, caller.session_id, body["current_password"], body["password"]):
            raise Problem("password-wrong", 403, "That is not the password in use")
        return Response(status=204)

    @passwords.route("/reset", methods=["POST"])
    @passwords.arguments(ResetAsked)
    @passwords.response(202, Received)
    @passwords.alt_response(429, "TOO_MANY_REQUESTS")
    def ask_reset(body: dict[str, str]) -> dict[str, Any]:
        """Have a one-time link mailed, valid for 30 minutes. The answer, and when it comes, is the same for every
        address. A second link voids the first, so there is nothing that an Idempotency-Key could keep."""
        changes.ask_reset(body["email"], client_address())
        return {}

    @passwords.route("/reset/finish", methods=["POST"])
    @passwords.arguments(NewPassword)
    @passwords.response(204)
    @passwords.alt_response(410, "GONE")
    @passwords.alt_response(429, "TOO_MANY_REQUESTS")
    def reset(body: dict[str, str]) -> Response:
        """Choose a new password with the token that was mailed. It works once, ends every session, and is told by
        mail."""
        changes.reset(body["token"], body["password"], client_address())
        return Response(status=204)

    return passwords
