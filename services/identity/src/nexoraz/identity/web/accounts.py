"""Registering and verifying."""

from typing import Any

from flask import Response

from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.application.registration import Registering, Registration
from nexoraz.identity.domain.account import VerificationGone
from nexoraz.identity.web.schemas import NewAccount, RegistrationReceived, SendAgainAsked, VerificationAsked, Verified
from nexoraz.service.app import Blueprint
from nexoraz.service.client import client_address
from nexoraz.service.idempotency import Once, idempotent


def accounts_blueprint(registration: Registration) -> Blueprint:
    accounts = Blueprint("accounts", __name__, url_prefix="/accounts", description="Opening an account")

    @accounts.route("", methods=["POST"])
    @idempotent
    @accounts.arguments(NewAccount)
    @accounts.response(202, RegistrationReceived)
    @accounts.alt_response(403, "FORBIDDEN")
    @accounts.alt_response(429, "TOO_MANY_REQUESTS")
    def register(body: dict[str, Any], *, once: Once) -> Response:
        """Open an account. The answer is the same for every address; the rest is told to the address by mail."""
        born = body.pop("birth_date")
        with registration.pace.even():
            checked = registration.check(Registering(**body, born=born), client_address())

            def work(tx: Transaction) -> Response:
                once.begin(connection_of(tx))
                registration.register(tx, checked)
                return once.finish(connection_of(tx), RegistrationReceived().dump({}), status=202)

            return registration.unit_of_work(work)

    @accounts.route("/verification", methods=["POST"])
    @accounts.arguments(VerificationAsked)
    @accounts.response(200, Verified)
    @accounts.alt_response(410, "GONE")
    @accounts.alt_response(429, "TOO_MANY_REQUESTS")
    def verify(body: dict[str, str]) -> dict[str, Any]:
        """Confirm the address with the token that was mailed to it. Sent again, it changes nothing."""
        registration.check_verification(client_address())
        if not registration.unit_of_work(lambda tx: registration.verify(tx, body["token"])):
            raise VerificationGone
        return {}

    @accounts.route("/verification/again", methods=["POST"])
    @accounts.arguments(SendAgainAsked)
    @accounts.response(202, RegistrationReceived)
    @accounts.alt_response(429, "TOO_MANY_REQUESTS")
    def send_again(body: dict[str, str]) -> dict[str, Any]:
        """Have the verification mailed once more, for the password that is given. The answer is the same for every
        address; at most three unused tokens wait for one."""
        registration.send_again(body["email"], body["password"], client_address())
        return {}

    return accounts
