"""The second factor: made here; the sign-in that needs it is among the sessions."""

from typing import Any

from flask import Response

from nexoraz.identity.application.second_factors import Offer, SecondFactors
from nexoraz.identity.web.fresh import require_fresh
from nexoraz.identity.web.second_factor_schemas import FactorCode, FactorOffer, FactorState, RecoveryCodes
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated

NOT_KEPT = {"Cache-Control": "no-store"}


def second_factor_blueprint(factors: SecondFactors) -> Blueprint:
    factor = Blueprint(
        "second-factor", __name__, url_prefix="/second-factor", description="A code besides the password"
    )

    @factor.route("", methods=["GET"])
    @authenticated
    @factor.response(200, FactorState)
    def shown(*, caller: Caller) -> dict[str, Any]:
        """Whether this account has a second factor, since when, and how many recovery codes are left."""
        state = factors.of(caller.account_id)
        return {"added_at": state.added_at, "recovery_codes_left": len(state.recovery_hashes)}

    @factor.route("", methods=["POST"])
    @authenticated
    @factor.response(201, FactorOffer)
    @factor.alt_response(403, "FORBIDDEN")
    @factor.alt_response(409, "CONFLICT")
    def offer(*, caller: Caller) -> tuple[Offer, int, dict[str, str]]:
        """A secret for an authenticator application, shown once and good for 15 minutes. Needs a sign-in of the last
        15 minutes. It counts for nothing before a code of it was sent to the confirmation."""
        require_fresh(caller)
        return factors.offer(caller.account_id), 201, NOT_KEPT

    @factor.route("/confirmation", methods=["POST"])
    @authenticated
    @factor.arguments(FactorCode)
    @factor.response(201, RecoveryCodes)
    @factor.alt_response(403, "FORBIDDEN")
    @factor.alt_response(404, "NOT_FOUND")
    @factor.alt_response(429, "TOO_MANY_REQUESTS")
    def add(body: dict[str, str], *, caller: Caller) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Confirm it by its first code. From now on a sign-in by password needs a code. Answers ten recovery codes,
        each good once and shown only here. Told to the owner by mail."""
        require_fresh(caller)
        return {"recovery_codes": factors.add(caller.account_id, body["code"])}, 201, NOT_KEPT

    @factor.route("", methods=["DELETE"])
    @authenticated
    @factor.response(204)
    @factor.alt_response(403, "FORBIDDEN")
    @factor.alt_response(404, "NOT_FOUND")
    def remove(*, caller: Caller) -> Response:
        """Remove it, its secret and its recovery codes. Needs a sign-in of the last 15 minutes. Told to the owner by
        mail."""
        require_fresh(caller)
        factors.remove(caller.account_id)
        return Response(status=204)

    return factor
