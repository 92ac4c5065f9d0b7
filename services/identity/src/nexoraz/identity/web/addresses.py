"""Changing the email address, confirmed on both."""

from typing import Any

from nexoraz.identity.application.address_changes import AddressChanges
from nexoraz.identity.web.credential_schemas import AddressConfirmation, AddressConfirmed, NewAddress, Received
from nexoraz.identity.web.fresh import require_fresh
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.client import client_address


def addresses_blueprint(changes: AddressChanges) -> Blueprint:
    addresses = Blueprint("addresses", __name__, url_prefix="/address", description="The email address")

    @addresses.route("", methods=["POST"])
    @authenticated
    @addresses.arguments(NewAddress)
    @addresses.response(202, Received)
    @addresses.alt_response(403, "FORBIDDEN")
    @addresses.alt_response(429, "TOO_MANY_REQUESTS")
    def ask(body: dict[str, str], *, caller: Caller) -> dict[str, Any]:
        """Have one-time links mailed to the old and the new address. The old one works until both were used. A
        second change voids the links of the first. Needs a sign-in of the last 15 minutes."""
        require_fresh(caller)
        changes.ask(caller.account_id, body["email"])
        return {}

    @addresses.route("/confirmation", methods=["POST"])
    @addresses.arguments(AddressConfirmation)
    @addresses.response(200, AddressConfirmed)
    @addresses.alt_response(409, "CONFLICT")
    @addresses.alt_response(410, "GONE")
    @addresses.alt_response(429, "TOO_MANY_REQUESTS")
    def confirm(body: dict[str, str]) -> dict[str, Any]:
        """Agree for one of the two addresses. Sent again, it changes nothing."""
        return {"status": "changed" if changes.confirm(body["token"], client_address()) else "waiting"}

    return addresses
