"""Pages by keyset: a cursor is the sort key of the last item, in base64. It grants nothing, so it is not signed.

A query must always be limited to the caller's own rows as well; a cursor only says where to go on.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from marshmallow import Schema as _MarshmallowSchema
from marshmallow import fields, validate

from nexoraz.service.problems import Problem
from nexoraz.service.schemas import Schema

Row = TypeVar("Row")
CursorValue = str | int | datetime | UUID
DEFAULT_LIMIT, LARGEST_LIMIT, LONGEST_CURSOR = 20, 100, 512
_LARGEST_INTEGER = 2**63 - 1


class PageArgs(Schema):
    """`?limit=&cursor=`"""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(1, LARGEST_LIMIT))
    cursor = fields.String(load_default=None, validate=validate.Length(1, LONGEST_CURSOR))


def page_schema(item: type[_MarshmallowSchema]) -> type[Schema]:
    """The schema of a page of `item`s: `{"items": […], "next": "…" | null}`."""
    return Schema.from_dict(  # type: ignore[return-value]  # from_dict returns a subclass of what it is called on
        {
            "items": fields.List(fields.Nested(item), required=True),
            "next": fields.String(
                required=True,
                allow_none=True,
                metadata={"description": "cursor of the next page", "example": "WyIyMDI2LTExLTIyIl0"},
            ),
        },
        name=f"PageOf{item.__name__}",
    )


def page(rows: Sequence[Row], limit: int, key: Callable[[Row], tuple[CursorValue, ...]]) -> dict[str, Any]:
    """A page of the first `limit` rows; query `limit + 1` of them, since one more row means one more page."""
    items = rows[:limit]
    following = write_cursor(key(items[-1])) if len(rows) > limit else None
    return {"items": list(items), "next": following}


def write_cursor(key: tuple[CursorValue, ...]) -> str:
    """The opaque form of a sort key."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def read_cursor(text: str | None, *types: type[Any]) -> tuple[Any, ...] | None:
    """The sort key in a cursor, its members of the given types; None without a cursor; a 400 when it is not ours."""
    if text is None:
        return None
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        key = msgspec.json.decode(urlsafe_b64decode(padded), type=_tuple_of(types))
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise _invalid() from error
    for value in key:
        if isinstance(value, str) and "\x00" in value:
            raise _invalid()
        if isinstance(value, int) and abs(value) > _LARGEST_INTEGER:
            raise _invalid()
    return tuple(key)


def _tuple_of(types: tuple[type[Any], ...]) -> Any:
    return tuple.__class_getitem__(types)


def _invalid() -> Problem:
    return Problem("cursor-not-valid", 400, "The cursor was not given by us")
