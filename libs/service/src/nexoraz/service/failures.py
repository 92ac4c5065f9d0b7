"""How an unexpected exception is logged: its kind and where it arose, never what it says.

The text of an exception often quotes the request (`invalid literal for int(): 'bob@…'`, `Key (email)=(…) already
exists`), so it is left out. Kind, SQLSTATE, constraint name and frames (file:line function) are enough to find it.
"""

import traceback
from typing import Any

from flask import g, has_request_context, request

from nexoraz.service.logging import get_logger

_FRAMES = 40
_CHAIN = 5


def describe(error: BaseException) -> dict[str, Any]:
    """Facts about an exception that cannot hold a value of the request."""
    facts: dict[str, Any] = {"error": _kinds(error), "frames": _frames(error)}
    origin = getattr(error, "orig", None) or error
    state = getattr(origin, "sqlstate", None)
    if state is not None:
        facts["sqlstate"] = str(state)
        facts["constraint"] = getattr(getattr(origin, "diag", None), "constraint_name", None)
    return facts


def log_failure(error: BaseException) -> None:
    """Log an exception that nobody expected, with the id of the request that met it."""
    facts = describe(error)
    if has_request_context():
        facts["request_id"] = g.get("request_id")
        facts["route"] = request.url_rule.rule if request.url_rule else None
    get_logger().error("unexpected failure", **facts)


def _kinds(error: BaseException) -> str:
    chain: list[str] = []
    current: BaseException | None = error
    while current is not None and len(chain) < _CHAIN:
        chain.append(f"{type(current).__module__}.{type(current).__qualname__}")
        current = current.__cause__ or current.__context__
    return " < ".join(chain)


def _frames(error: BaseException) -> list[str]:
    found = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in found]
