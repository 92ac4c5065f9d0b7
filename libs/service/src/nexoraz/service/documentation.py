"""What the chassis's decorators add to the OpenAPI description of the views that they guard."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from http import HTTPStatus
from typing import Any


def document(
    view: Callable[..., Any],
    *,
    security: list[dict[str, list[str]]] | None = None,
    refusals: Iterable[str] = (),
    headers: Iterable[dict[str, Any]] = (),
) -> None:
    """Record on `view`, where flask-smorest looks for it: security, refusals by HTTPStatus name, request headers."""
    notes: dict[str, Any] = deepcopy(getattr(view, "_apidoc", {}))
    manual = notes.setdefault("manual_doc", {})
    if security is not None:
        manual["security"] = security
    for name in refusals:
        manual.setdefault("responses", {})[HTTPStatus[name].value] = name
    if headers:
        arguments = notes.setdefault("arguments", {})
        arguments["parameters"] = [*headers, *arguments.get("parameters", [])]
        arguments.setdefault("responses", {})
    view._apidoc = notes  # type: ignore[attr-defined]  # flask-smorest's own place for it


def request_header(name: str, description: str, longest: int) -> dict[str, Any]:
    """An OpenAPI parameter object for a required request header."""
    return {
        "in": "header",
        "name": name,
        "required": True,
        "description": description,
        "schema": {"type": "string", "minLength": 1, "maxLength": longest},
    }
