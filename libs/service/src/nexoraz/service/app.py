"""The Flask application of a service: API description, problems, limits, headers, telemetry, health.

What every request needs around it (headers, span, log line) is in `exchange`.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from io import BytesIO
from typing import IO, Any, ParamSpec, Protocol, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]
import msgspec
from flask import Flask, Request, Response, jsonify, request
from flask.json.provider import JSONProvider
from flask_smorest.utils import prepare_response  # type: ignore[import-untyped]
from marshmallow import fields
from opentelemetry import trace
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream, get_input_stream

from nexoraz.service.allowances import Allowances
from nexoraz.service.auth import COOKIE, Authenticator
from nexoraz.service.exchange import Observer, refuse_nul
from nexoraz.service.health import Check, Readiness
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.limits import install_limits
from nexoraz.service.problems import MEDIA_TYPE, OUTAGE, RETRY_AFTER_S, Problem, Refusals, install
from nexoraz.service.schemas import Blueprint, Schema

__all__ = ["Blueprint", "Schema", "body_limit", "create_app", "openapi_document"]

P = ParamSpec("P")
R = TypeVar("R")


HEALTH = frozenset({"livez", "readyz"})


class AppSettings(Protocol):
    """What the application needs to know of a service's settings."""

    @property
    def public_url(self) -> str:
        """Where people reach the suite, such as http://localhost:8080."""

    @property
    def body_limit(self) -> int:
        """The largest body in bytes, for routes without a limit of their own."""


class ProblemSchema(Schema):
    """A problem document (RFC 9457). More members may follow, according to `type`."""

    class Meta:
        unknown = "include"

    type = fields.String(
        required=True,
        metadata={
            "format": "uri",
            "description": "which rule was broken",
            "example": "https://nexoraz.pro/problems/not-found",
        },
    )
    title = fields.String(required=True, metadata={"example": "There is nothing here for you"})
    status = fields.Integer(required=True)
    detail = fields.String(metadata={"example": "Some values were not accepted"})
    instance = fields.String(
        metadata={"description": "names this request in the logs", "example": "urn:request:4f0e9d7e0a4c5d1e"}
    )


class _Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's Api with problem documents as its errors; handling them is left to `problems`."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        pass  # `problems.install` handles every exception

    def _register_responses(self) -> None:
        described = {status.name: status.phrase for status in HTTPStatus if status >= 400}
        for name, phrase in {**described, self.DEFAULT_ERROR_RESPONSE_NAME: "Refused or failed"}.items():
            response: dict[str, Any] = {"description": phrase, "schema": self.ERROR_SCHEMA}
            prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(name, response, lazy=True)

    def _register_pagination_header(self) -> None:
        pass  # pages are part of the body (see `paging`)


class _FastJson(JSONProvider):
    """msgspec in the place of the standard library's JSON: the same documents at a fraction of the time."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:  # noqa: ARG002  # the provider's interface
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:  # noqa: ARG002  # the provider's interface
        return msgspec.json.decode(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return Response(msgspec.json.encode(self._prepare_response_obj(args, kwargs)), mimetype="application/json")


def create_app(
    name: str,
    version: str,
    settings: AppSettings,
    blueprints: Iterable[Blueprint],
    ready_checks: Mapping[str, Check],
    *,
    refusals: Refusals | None = None,
    authenticator: Authenticator | None = None,
    idempotency_keys: IdempotencyKeys | None = None,
    allowances: Allowances | None = None,
    tracer_provider: trace.TracerProvider | None = None,
    may_serve: Callable[[], bool] = lambda: True,
) -> Flask:
    """Build the application of service `name`; connects to nothing.

    A blueprint's `url_prefix` is put under /v1/<name>. Errors of kinds in `refusals` become problems of their
    status; anything else that is raised is a defect, logged, and a 500 that says nothing. While `may_serve` says no
    (after a restore, until what the backup brought back is erased again), everything but /livez is a 503.
    """
    app = _Flask(f"nexoraz.{name}", static_folder=None)
    app.json = _FastJson(app)
    app.config |= {
        "MAX_CONTENT_LENGTH": settings.body_limit,
        "MAX_FORM_MEMORY_SIZE": settings.body_limit,
        "API_TITLE": f"Nexoraz {name}",
        "API_VERSION": version,
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": f"/v1/{name}",
    }
    app.extensions["nexoraz.authenticator"] = authenticator
    app.extensions["nexoraz.idempotency"] = idempotency_keys
    install(app, refusals or Refusals({}))
    _observe(app, settings, tracer_provider)
    if allowances is not None:
        install_limits(app, allowances, authenticator, HEALTH)
    app.before_request(refuse_nul)
    _describe(app, name, blueprints)
    _serve_health(app, {**ready_checks, "restored": functools.partial(_require, may_serve)})
    app.before_request(functools.partial(_refuse_unless, may_serve))
    return app


class CatchingUp(Exception):
    """What the restored data missed is not erased again yet."""


def _require(may_serve: Callable[[], bool]) -> None:
    if not may_serve():
        raise CatchingUp


def _refuse_unless(may_serve: Callable[[], bool]) -> None:
    if request.endpoint not in HEALTH and not may_serve():
        title = "A backup was brought back; nothing is served until what it missed is done again"
        raise Problem("catching-up", OUTAGE, title, headers={"Retry-After": RETRY_AFTER_S})


def _describe(app: Flask, name: str, blueprints: Iterable[Blueprint]) -> None:
    api = _Api(app)
    app.extensions["nexoraz.api"] = api
    scheme = api.spec.components.security_scheme
    scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    scheme("cookie", {"type": "apiKey", "in": "cookie", "name": COOKIE})
    for blueprint in blueprints:
        api.register_blueprint(blueprint, url_prefix=f"/v1/{name}{blueprint.url_prefix or ''}")


def openapi_document(app: Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 description of `app`: what is committed, and what /v1/<name>/openapi.json serves."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.extensions["nexoraz.api"].spec.to_dict()))
    return document


def body_limit(max_bytes: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Replace the application's limit for one route. A declared length above it is refused before a byte is read."""

    def limited(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            request.max_content_length = max_bytes
            if (request.content_length or 0) > max_bytes:
                raise RequestEntityTooLarge
            return view(*args, **kwargs)

        return checked

    return limited


def _serve_health(app: Flask, checks: Mapping[str, Check]) -> None:
    readiness = Readiness(checks)

    def livez() -> Response:
        return jsonify({"status": "alive"})

    def readyz() -> tuple[Response, int]:
        ready, listing = readiness.report()
        return jsonify(listing), 200 if ready else 503

    app.add_url_rule("/livez", "livez", livez)
    app.add_url_rule("/readyz", "readyz", readyz)


class _Capped(LimitedStream):
    """A body of unknown length, refused when it reaches the limit; werkzeug's would give the beginning of it."""

    def readall(self) -> bytes:
        content: bytes = super().readall()
        if self.is_exhausted:
            self.on_exhausted()
        return content


class _Request(Request):
    """A request whose body may be exactly as long as the limit, and whose files never touch a disk.

    Werkzeug refuses a stream that reaches its limit, and spools larger files of a form to a folder in plaintext.
    """

    @cached_property
    def stream(self) -> IO[bytes]:
        limit = self.max_content_length
        if limit is None:
            return get_input_stream(self.environ)
        if (self.content_length or 0) > limit:
            raise RequestEntityTooLarge
        if self.content_length is None and self.environ.get("wsgi.input_terminated"):
            return cast(IO[bytes], _Capped(self.environ["wsgi.input"], limit + 1, is_max=True))
        return get_input_stream(self.environ, max_content_length=limit + 1)

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        return BytesIO()  # bounded by the limit of the route


class _Flask(Flask):
    """Flask without asynchronous views: looking for them costs as much as calling a small view."""

    request_class = _Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def _observe(app: Flask, settings: AppSettings, provider: trace.TracerProvider | None) -> None:
    observer = Observer(app.wsgi_app, settings.public_url, provider)
    app.wsgi_app = observer  # type: ignore[method-assign]  # Flask's documented way to add middleware
    app.before_request(observer.begin)
