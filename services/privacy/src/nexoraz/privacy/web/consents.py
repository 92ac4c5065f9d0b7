"""Consents of an account (session) and of a visitor without one (a cookie that only a choice sets). Clauses C4, RT3.

Both have the same calls: read, choose, take the receipt. A yes and a no are the same POST with another boolean.
"""

import secrets
import uuid
from datetime import date
from typing import Any
from uuid import UUID

from flask import Response, jsonify, request

from nexoraz.events.store import Transaction, repeated
from nexoraz.privacy.application.ports import KeyedHash
from nexoraz.privacy.domain import consent as c
from nexoraz.privacy.domain.receipt import PROCESSES
from nexoraz.privacy.web.consent_schemas import Choice, ConsentsView, GpcSupport, SignedReceipt
from nexoraz.privacy.web.desk import Desk
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.problems import not_found

VISITOR, VISITOR_DAYS = "__Host-nexoraz-visitor", 180
"""Set by a choice only, and for half a year: then we ask again. We keep a hash of its value."""
GPC_SINCE = date(2026, 11, 22)
NOBODY = ""


def consents_blueprint(desk: Desk) -> Blueprint:
    """What a signed-in person allows."""
    consents = Blueprint("consents", __name__, url_prefix="/consents", description="What the account allows")

    @consents.route("", methods=["GET"])
    @authenticated
    @consents.response(200, ConsentsView)
    def standing(*, caller: Caller) -> Response:
        """What the account allows. A browser that sends `Sec-GPC: 1` ends what it had allowed before."""
        return _shown(desk, caller.account_id, "/v1/privacy/consents")

    @consents.route("", methods=["POST"])
    @authenticated
    @consents.arguments(Choice)
    @consents.response(200, ConsentsView)
    @consents.alt_response(409, "CONFLICT")
    def choose(body: dict[str, Any], *, caller: Caller) -> Response:
        """Say yes or no to a purpose; the same call for both, at any time, as often as you like."""
        _choose(desk, caller.account_id, body)
        return _shown(desk, caller.account_id, "/v1/privacy/consents")

    @consents.route("/receipts/<uuid:receipt_id>", methods=["GET"])
    @authenticated
    @consents.response(200, SignedReceipt)
    @consents.alt_response(404, "NOT_FOUND")
    def receipt(receipt_id: UUID, *, caller: Caller) -> Response:
        """The signed receipt of a decision (ISO/IEC TS 27560 as JSON-LD), byte for byte; check it with GET /keys."""
        return _receipt(desk, caller.account_id, receipt_id)

    return consents


def visitors_blueprint(desk: Desk) -> Blueprint:
    """What somebody without an account allows."""
    visitors = Blueprint("visitors", __name__, url_prefix="/visitor/consents", description="Without an account")

    @visitors.route("", methods=["GET"])
    @visitors.response(200, ConsentsView)
    def standing() -> Response:
        """What this browser allows. No cookie is set by reading."""
        return _shown(desk, _visitor(desk.hashes), "/v1/privacy/visitor/consents")

    @visitors.route("", methods=["POST"])
    @visitors.arguments(Choice)
    @visitors.response(200, ConsentsView)
    @visitors.alt_response(409, "CONFLICT")
    def choose(body: dict[str, Any]) -> Response:
        """Say yes or no to a purpose. The answer sets the one cookie by which the choice is known again."""
        token = _token() or secrets.token_urlsafe(32)
        visitor = visitor_id(desk.hashes, token)
        _choose(desk, visitor, body)
        answer = _shown(desk, visitor, "/v1/privacy/visitor/consents")
        age = VISITOR_DAYS * 86_400
        answer.set_cookie(VISITOR, token, max_age=age, path="/", secure=True, httponly=True, samesite="Strict")
        return answer

    @visitors.route("/receipts/<uuid:receipt_id>", methods=["GET"])
    @visitors.response(200, SignedReceipt)
    @visitors.alt_response(404, "NOT_FOUND")
    def receipt(receipt_id: UUID) -> Response:
        """The signed receipt of a decision of this browser."""
        return _receipt(desk, _visitor(desk.hashes), receipt_id)

    return visitors


def add_gpc(documents: Blueprint) -> Blueprint:
    """Add what /.well-known/gpc.json serves."""

    @documents.route("/gpc.json", methods=["GET"])
    @documents.response(200, GpcSupport)
    def gpc() -> dict[str, Any]:
        """That we honour Global Privacy Control; the gateway serves it as /.well-known/gpc.json."""
        return {"gpc": True, "lastUpdate": GPC_SINCE}

    return documents


def visitor_id(hashes: KeyedHash, token: str) -> str:
    """Whose consents they are: nobody can choose a token that leads to an account's, or to another visitor's."""
    return str(uuid.UUID(hashes.keyed_hash("visitor", token)[:32], version=4))


def signalled() -> bool:
    """Global Privacy Control: the value 1, and no other (W3C GPC, 4)."""
    return request.headers.get("Sec-GPC") == "1"


def _token() -> str:
    given = request.cookies.get(VISITOR, "")
    return given if len(given) == len(secrets.token_urlsafe(32)) else ""


def _visitor(hashes: KeyedHash) -> str:
    token = _token()
    return visitor_id(hashes, token) if token else NOBODY


def _choose(desk: Desk, account_id: str, body: dict[str, Any]) -> None:
    purpose, given = c.ConsentPurpose(body["purpose"]), body["given"]

    def work(tx: Transaction) -> None:
        desk.consents.choose(tx, account_id, purpose, given=given, signalled=signalled())

    repeated(desk.store, work)


def _shown(desk: Desk, account_id: str, root: str) -> Response:
    def work(tx: Transaction) -> c.Consents:
        if account_id and signalled():
            desk.consents.heed(tx, account_id)
        return desk.consents.standing(tx, account_id) if account_id else c.Consents()

    state = repeated(desk.store, work)
    view = {
        "policy_version": desk.consents.policy_version,
        "privacy_control": signalled(),
        "purposes": [_purpose(state, purpose, root) for purpose in c.ConsentPurpose],
    }
    return jsonify(ConsentsView().dump(view))


def _purpose(state: c.Consents, purpose: c.ConsentPurpose, root: str) -> dict[str, Any]:
    last = state.decided.get(purpose)
    shown: dict[str, Any] = {"purpose": purpose, "means": PROCESSES[purpose]["dct:description"]}
    shown["allowed"] = state.allows(purpose) and not (signalled() and purpose in c.SIGNALLED)
    if last is None:
        return shown | dict.fromkeys(("decision", "indicated_by", "policy_version", "at", "receipt"))
    return shown | {
        "decision": last.decision,
        "indicated_by": last.indicated_by,
        "policy_version": last.policy_version,
        "at": last.at,
        "receipt": f"{root}/receipts/{last.receipt_id}",
    }


def _receipt(desk: Desk, account_id: str, receipt_id: UUID) -> Response:
    with desk.store.transaction() as tx:
        signed = desk.consents.receipt(tx, account_id, str(receipt_id)) if account_id else None
    if signed is None:
        raise not_found()
    return Response(signed, mimetype="application/json")
