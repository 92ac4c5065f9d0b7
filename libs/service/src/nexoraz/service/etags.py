"""Versions as strong entity tags (RFC 9110, 8.8.3), and updates that must name the version they change (RFC 6585)."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import jsonify, make_response, request
from flask.wrappers import Response

from nexoraz.service.documentation import document, request_header
from nexoraz.service.problems import Problem

P = ParamSpec("P")
R = TypeVar("R")
_HEADER = request_header("If-Match", "The ETag of the version that this request changes", 200)


def etag(version: int) -> str:
    """The strong entity tag of a resource's version, with its quotes."""
    return f'"v{version}"'


def with_etag(answer: Any, version: int, status: int | None = None) -> Response:
    """A response for `answer` (a Response, or what can become JSON) that names its version."""
    response = answer if isinstance(answer, Response) else jsonify(answer)
    if status is not None:
        response.status_code = status
    response.headers["ETag"] = etag(version)
    return response


def needs_if_match(view: Callable[P, R]) -> Callable[P, R]:
    """The view is only reached with an If-Match header; without one the answer is 428."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        _require_header()
        return view(*args, **kwargs)

    document(guarded, refusals=["PRECONDITION_FAILED", "PRECONDITION_REQUIRED"], headers=[_HEADER])
    return guarded


def require_if_match(version: int) -> None:
    """Raise 412 unless If-Match names `version` (or `*`), 428 without the header.

    This compares with what was read. The race after it is lost by passing the same version to the store as the
    expected one.
    """
    _require_header()
    given = [part.strip() for part in request.headers.get("If-Match", "").split(",")]
    if "*" in given or etag(version) in given:
        return
    raise Problem("version-changed", 412, "It was changed in the meantime", headers={"ETag": etag(version)})


def _require_header() -> None:
    if not request.headers.get("If-Match", "").strip():
        raise Problem("if-match-required", 428, "Say which version you change, in If-Match")


def not_modified(version: int) -> Response | None:
    """A 304 when If-None-Match names `version`, else None: `return not_modified(v) or with_etag(body, v)`."""
    given = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    if "*" not in given and etag(version) not in given:
        return None
    response: Response = make_response("", 304)
    response.headers["ETag"] = etag(version)
    return response
