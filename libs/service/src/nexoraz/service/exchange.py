"""One request and its response, seen from outside of Flask: when it came, its id, its span, its headers, its log line.

This is WSGI middleware because it runs for every answer whatever went wrong inside, and costs a few microseconds:
setting ten headers through Flask's response object alone takes longer than routing and calling a view.
"""

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

from flask import g, request
from opentelemetry import trace

from nexoraz.service.allowances import Standing
from nexoraz.service.logging import RequestLine, log_request
from nexoraz.service.problems import standard
from nexoraz.service.telemetry import SCOPE, RequestSpan

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_STATE = "nexoraz.exchange"
_UNLOGGED = frozenset({"livez", "readyz"})
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Exchange:
    """What is known of one request while it runs. It holds no value of the request itself."""

    __slots__ = ("authenticated", "request_id", "route", "span", "standings", "started")

    def __init__(self) -> None:
        self.started = time.perf_counter_ns()
        self.request_id = os.urandom(16).hex()
        self.route: str | None = None
        self.span: RequestSpan | None = None
        self.authenticated = False
        self.standings: list[Standing] = []


def current_exchange() -> Exchange | None:
    """The exchange of the current request, for the log of a failure."""
    found: Exchange | None = request.environ.get(_STATE)
    return found


class Observer:
    """Wraps an application: every answer gets the security headers and an id, and is traced and logged."""

    def __init__(self, app: WsgiApp, public_url: str, provider: trace.TracerProvider | None) -> None:
        self._app = app
        self._tracer = trace.get_tracer(SCOPE, tracer_provider=provider)
        self._headers = list(_SECURITY_HEADERS.items())
        if public_url.startswith("https://"):
            self._headers.append(("Strict-Transport-Security", "max-age=63072000; includeSubDomains"))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request."""
        exchange = environ[_STATE] = Exchange()

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            code = int(status[:3])
            self._complete(exchange, code, headers)
            _conclude(exchange, code)
            return start_response(status, headers, *rest)

        return self._app(environ, start)

    def begin(self) -> None:
        """Flask's `before_request`: the route is known now."""
        environ = request.environ
        exchange: Exchange = environ[_STATE]
        g.request_id = exchange.request_id
        rule = request.url_rule
        if rule is None or rule.endpoint not in _UNLOGGED:
            exchange.route = rule.rule if rule else None
            traceparent = environ.get("HTTP_TRACEPARENT")
            exchange.span = RequestSpan(self._tracer, environ["REQUEST_METHOD"], exchange.route, traceparent)

    def _complete(self, exchange: Exchange, code: int, headers: list[tuple[str, str]]) -> None:
        present = {name for name, _ in headers}
        headers += [pair for pair in self._headers if pair[0] not in present]
        headers.append(("X-Request-Id", exchange.request_id))
        for standing in exchange.standings:
            headers += standing.headers()
        if (exchange.authenticated or code >= 400) and "Cache-Control" not in present:
            headers.append(("Cache-Control", "no-store"))
        traceresponse = exchange.span.response_header() if exchange.span else None
        if traceresponse:
            headers.append(("traceresponse", traceresponse))


def _conclude(exchange: Exchange, code: int) -> None:
    span = exchange.span
    if span is None or not span.end(code):
        return
    line = RequestLine(
        method=span.method,
        route=exchange.route,
        status=code,
        duration_ms=(time.perf_counter_ns() - exchange.started) // 10_000 / 100,
        request_id=exchange.request_id,
        trace_id=span.trace_id,
    )
    log_request(line)


def refuse_nul() -> None:
    """Flask's `before_request`: refuses what PostgreSQL's text cannot hold."""
    if "\x00" in request.environ["PATH_INFO"] or "%00" in request.environ["QUERY_STRING"]:
        raise standard(400)


def note_standing(standing: Standing) -> None:
    """The answer to this request says so."""
    request.environ[_STATE].standings.append(standing)


def mark_authenticated() -> None:
    """The answer to this request is about one person: no cache may keep it."""
    request.environ[_STATE].authenticated = True
