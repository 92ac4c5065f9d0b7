"""One request in an operator's hands: see it, take longer, deny, answer, ask participants again.

Who decides names the version that was seen (If-Match), so that nobody decides on what has changed meanwhile.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.events.store import Transaction
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import ExtensionReason, RefusalReason
from nexoraz.privacy.web.audited import audited
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.schemas import CorrectionAnswer, Denial, Extension, RequestView, Retry
from nexoraz.privacy.web.views import request_view
from nexoraz.service.app import Blueprint, Schema
from nexoraz.service.etags import needs_if_match, require_if_match, with_etag
from nexoraz.service.problems import not_found

ONE = "/requests/<uuid:request_id>"
Body = dict[str, Any]
Act = Callable[[Transaction, Request, int], None]
View = Callable[..., Any]


def add_handling(admin: Blueprint, desk: Desk) -> Blueprint:
    """Add these routes to the operators' blueprint, and return it."""

    def decision(name: str, action: str, schema: type[Schema]) -> Callable[[View], View]:
        """The route of a decision: audited, about the version that was seen, answered by the request as it is then."""

        def declared(view: View) -> View:
            for layer in (
                admin.alt_response(409, "CONFLICT"),
                admin.alt_response(404, "NOT_FOUND"),
                admin.response(200, RequestView),
                admin.arguments(schema),
                needs_if_match,
                audited(desk, action),
                admin.route(f"{ONE}/{name}", methods=["POST"]),
            ):
                view = layer(view)
            return view

        return declared

    @admin.route(ONE, methods=["GET"])
    @audited(desk, "see-request")
    @admin.response(200, RequestView)
    @admin.alt_response(404, "NOT_FOUND")
    def one(request_id: UUID, *, tx: Transaction, look: Look) -> Response:
        """One request, as its person sees it, with its version as ETag."""
        _found(desk, tx, look, request_id)
        return _answer(desk, tx, request_id)

    @decision("extension", "extend-deadline", Extension)
    def extend(body: Body, request_id: UUID, *, tx: Transaction, look: Look) -> Response:
        """Take two further months, once and before the deadline, for a reason that the person is told."""
        reason = ExtensionReason(body["reason"])
        return decide(
            tx, look, request_id, lambda tx, state, seen: desk.handling.extend(tx, state, seen, reason, body["text"])
        )

    @decision("denial", "deny-request", Denial)
    def deny(body: Body, request_id: UUID, *, tx: Transaction, look: Look) -> Response:
        """Deny the request for a reason that the person is told; not an erasure that has begun."""
        reason = RefusalReason(body["reason"])
        return decide(
            tx, look, request_id, lambda tx, state, seen: desk.handling.refuse(tx, state, seen, reason, body["text"])
        )

    @decision("answer", "answer-correction", CorrectionAnswer)
    def answer(body: Body, request_id: UUID, *, tx: Transaction, look: Look) -> Response:
        """End a correction that was made; the person is told."""
        return decide(tx, look, request_id, lambda tx, state, seen: desk.handling.answer(tx, state, seen, body["text"]))

    @decision("retry", "retry-request", Retry)
    def retry(body: Body, request_id: UUID, *, tx: Transaction, look: Look) -> Response:
        """Ask a participant again that is silent, could not verify, or left something; or all of them."""
        return decide(
            tx, look, request_id, lambda tx, state, seen: desk.handling.retry(tx, state, seen, body["participant"])
        )

    def decide(tx: Transaction, look: Look, request_id: UUID, act: Act) -> Response:
        state, seen = _found(desk, tx, look, request_id)
        require_if_match(seen)
        act(tx, state, seen)
        return _answer(desk, tx, request_id)

    return admin


def _found(desk: Desk, tx: Transaction, look: Look, request_id: UUID) -> tuple[Request, int]:
    state, version = desk.handling.seen(tx, str(request_id))
    if not state.id:
        raise not_found()
    look.requests.add(state.id)
    return state, version


def _answer(desk: Desk, tx: Transaction, request_id: UUID) -> Response:
    state, version = desk.handling.seen(tx, str(request_id))
    return with_etag(RequestView().dump(request_view(state, desk.clock(), tx)), version)
