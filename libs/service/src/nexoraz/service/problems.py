"""Problem documents (RFC 9457): the only shape in which this service says that a request failed.

A domain error declares no HTTP code. The web layer registers `Refusals({CreditsExhausted: 402})`; the problem's
type is the error's name in kebab case and its extension members are the error's dataclass fields.
"""

import contextlib
import re
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
import psycopg
from flask import Flask, Response, current_app, g, has_request_context, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from nexoraz.service.failures import log_failure

HEARD_S, HEARD_BYTES, _HEARD_AT_ONCE = 5.0, 64 * 1024 * 1024, 16 * 1024
TYPE_ROOT = "https://nexoraz.pro/problems/"
MEDIA_TYPE = "application/problem+json"
_RESERVED = frozenset({"type", "title", "status", "detail", "instance"})
_RULES = {
    400: ("malformed-request", "The request could not be understood"),
    401: ("not-authenticated", "Sign in first"),
    403: ("not-allowed", "Not allowed"),
    404: ("not-found", "There is nothing here for you"),
    405: ("method-not-allowed", "This address does not answer that method"),
    406: ("not-acceptable", "That representation is not offered"),
    413: ("body-too-large", "The body is larger than this address accepts"),
    415: ("media-type-not-supported", "This address does not accept that media type"),
    416: ("range-not-satisfiable", "The range is outside of the content"),
    422: ("invalid-request", "Some values were not accepted"),
    429: ("too-many-requests", "Too many requests"),
    500: ("unexpected-failure", "Something went wrong on our side"),
    503: ("not-available-now", "Not available at the moment, try again"),
}
_LIMITED_STATES = frozenset({"57014", "55P03", "40001", "40P01", "57P01", "57P02", "57P03", "53300"})
"""SQLSTATEs of a cancelled statement, a lock not granted, a serialisation failure, a server that stops or is full."""


class Problem(Exception):
    """A refusal that knows its HTTP status; raised by the web layer only."""

    def __init__(
        self,
        rule: str,
        status: int,
        title: str,
        detail: str | None = None,
        extensions: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(rule)
        self.rule = rule
        self.status = status
        self.title = title
        self.detail = detail
        self.extensions = dict(extensions or {})
        self.headers = dict(headers or {})


def not_found() -> Problem:
    """The one 404. Unknown ids and other people's ids get the same document, so that neither is betrayed."""
    return standard(404)


def standard(status: int, detail: str | None = None, **extensions: Any) -> Problem:
    """The problem that this chassis gives for a status when no domain rule was broken."""
    rule, title = _RULES.get(status, ("malformed-request" if status < 500 else "unexpected-failure", "Refused"))
    return Problem(rule, status, title, detail, extensions)


OUTAGE = 503
RETRY_AFTER_S = "5"


class Refusals:
    """Which HTTP status each kind of domain error gets. Subclasses of a kind get its status too.

    A 4xx, or 503 with Retry-After for something outside that is away for a while (a payment provider, a bucket).
    """

    def __init__(self, statuses: Mapping[type[Exception], int]) -> None:
        for kind, status in statuses.items():
            if not 400 <= status <= 499 and status != OUTAGE:
                raise ValueError(f"{kind.__name__}: a refusal is a 4xx or {OUTAGE}, not {status}")
            clash = _RESERVED.intersection(each.name for each in fields(kind)) if is_dataclass(kind) else ()
            if clash:
                raise ValueError(f"{kind.__name__}: {sorted(clash)} would replace members of the problem document")
        self._statuses: dict[type[Any], int] = dict(statuses)

    def problem(self, error: Exception) -> Problem | None:
        """The problem for `error`, or None when it is not a refusal but a defect."""
        for kind in type(error).__mro__:
            if kind in self._statuses:
                status = self._statuses[kind]
                name = type(error).__name__
                headers = {"Retry-After": RETRY_AFTER_S} if status == OUTAGE else {}
                return Problem(_kebab(name), status, _sentence(name), None, _facts(error), headers)
        return None

    def __or__(self, other: "Refusals") -> "Refusals":
        return Refusals({**self._statuses, **other._statuses})


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


def _sentence(name: str) -> str:
    return _kebab(name).replace("-", " ").capitalize()


def _facts(error: Exception) -> dict[str, Any]:
    facts = {name: getattr(error, name) for name in getattr(error, "__dataclass_fields__", ())}
    return {name: value for name, value in facts.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple | set | frozenset):
        return all(_is_plain(each) for each in value)
    return value is None or isinstance(value, str | int | float | bool | UUID | datetime | date | Enum)


def install(app: Flask, refusals: Refusals) -> None:
    """Answer every exception of `app` with a problem document; log the ones that are our fault."""

    def answer(error: Exception) -> Response | HTTPException:
        if isinstance(error, HTTPException) and (error.code or 500) < 400:
            return error  # a redirect is not a failure
        problem = _problem_of(error, refusals)
        _hear_out()
        return respond(problem)

    app.register_error_handler(Exception, answer)


def _hear_out() -> None:
    """Take what is left of the body and drop it: closing a connection that still receives resets it, and the gateway
    would tell the client of a broken service in the place of the refusal. For HEARD_S and HEARD_BYTES at most."""
    rest, give_up, left = request.environ["wsgi.input"], time.monotonic() + HEARD_S, HEARD_BYTES
    if (request.content_length or 0) > HEARD_BYTES:
        return
    with contextlib.suppress(OSError, ValueError, EOFError):
        while left > 0 and time.monotonic() < give_up and (chunk := rest.read(_HEARD_AT_ONCE)):
            left -= len(chunk)


def respond(problem: Problem) -> Response:
    """The HTTP response for a problem, outside of an exception handler too."""
    document: dict[str, Any] = {
        "type": TYPE_ROOT + problem.rule,
        "title": problem.title,
        "status": problem.status,
    }
    if problem.detail is not None:
        document["detail"] = problem.detail
    if has_request_context() and "request_id" in g:
        document["instance"] = f"urn:nexoraz:request:{g.request_id}"
    document |= {name: value for name, value in problem.extensions.items() if name not in _RESERVED}
    response = current_app.response_class(msgspec.json.encode(document), problem.status, mimetype=MEDIA_TYPE)
    response.headers.update(problem.headers)
    return response


def _problem_of(error: Exception, refusals: Refusals) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _from_http(error)
    refused = refusals.problem(error)
    if refused is not None:
        return refused
    log_failure(error)
    return _from_failure(error)


def _from_failure(error: Exception) -> Problem:
    """503 when the same request may well succeed a moment later, 422 for a value the database cannot hold, or 500."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, PoolExhausted) or (isinstance(origin, psycopg.Error) and _is_passing(origin)):
        problem = standard(503)
        problem.headers["Retry-After"] = "1"
        return problem
    return standard(422 if isinstance(origin, psycopg.DataError) else 500)


def _is_passing(error: psycopg.Error) -> bool:
    """Whether the database is away, full, or was too slow."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate in _LIMITED_STATES or error.sqlstate.startswith("08")


def _from_http(error: HTTPException) -> Problem:
    status = error.code or 500
    problem = standard(status, **_validation_errors(getattr(error, "data", None) or {}))
    if isinstance(error, RequestEntityTooLarge):
        problem.headers["Connection"] = "close"
    for name, value in error.get_headers(None):
        if name.lower() != "content-type":
            problem.headers[name] = value
    return problem


def _validation_errors(data: Mapping[str, Any]) -> dict[str, Any]:
    messages = data.get("messages")
    if not isinstance(messages, Mapping):
        return {}
    errors: list[dict[str, str]] = []
    for location, found in messages.items():
        for path, message in _flatten(found, ()):
            errors.append({"detail": message} | _place(str(location), path))
    return {"errors": errors}


def _place(location: str, path: tuple[str, ...]) -> dict[str, str]:
    if location == "json":
        steps = (quote(step.replace("~", "~0").replace("/", "~1"), safe="~") for step in path)
        return {"pointer": "#" + "".join(f"/{step}" for step in steps)}
    kind = {"query": "parameter", "headers": "header", "form": "field", "files": "field"}.get(location, location)
    return {kind: ".".join(path)}


def _flatten(found: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    if isinstance(found, Mapping):
        result = []
        for key, inner in found.items():
            result += _flatten(inner, path if key == "_schema" else (*path, str(key)))
        return result
    if isinstance(found, list | tuple):
        return [pair for each in found for pair in _flatten(each, path)]
    return [(path, str(found))]
