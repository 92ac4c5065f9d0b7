"""Request bodies and answers at the HTTP edge: strict schemas, and a parser that refuses what JSON should not hold."""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, cast

import flask
import flask_smorest  # type: ignore[import-untyped]
import marshmallow
import msgspec
from flask.wrappers import Response
from webargs import missing
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import UnsupportedMediaType

from nexoraz.service.problems import Problem

_DEEPEST = 64
P = ParamSpec("P")
R = TypeVar("R")
View = TypeVar("View", bound=Callable[..., Any])


class Schema(marshmallow.Schema):
    """A schema that refuses unknown fields and shows its fields in the order they are written."""

    class Meta:
        unknown = marshmallow.RAISE


class _StrictParser(FlaskParser):
    """Answers 415 to other media types and 400 to JSON that is broken, too deep or holds a NUL character."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012  # webargs declares it so
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": marshmallow.RAISE,
        "json": marshmallow.RAISE,
        "form": marshmallow.RAISE,
    }

    def load_querystring(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        """A parameter that is given twice means one thing to one reader and another to the next: refused."""
        for name, values in req.args.lists():
            field = schema.fields.get(name)
            if len(values) > 1 and field is not None and not isinstance(field, marshmallow.fields.List):
                raise marshmallow.ValidationError({name: ["Given more than once."]})
        return super().load_querystring(req, schema)

    def _raw_load_json(self, req: flask.Request) -> Any:
        if not is_json_request(req):
            if req.mimetype or req.content_length or "Transfer-Encoding" in req.headers:
                raise UnsupportedMediaType
            return missing
        return parse_json(req.get_data(cache=True))


def parse_json(raw: bytes) -> Any:
    """Decode a JSON body; raises the 400 problem `malformed-json`. A NUL has no place in PostgreSQL's text."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _malformed() from error
    if not _acceptable(value, _DEEPEST, check_text=b"\\u0000" in raw):
        raise _malformed()
    return value


def _acceptable(value: Any, depth: int, check_text: bool) -> bool:
    if isinstance(value, str):
        return not (check_text and "\x00" in value)
    if isinstance(value, Mapping):
        inner = [*value.keys(), *value.values()] if check_text else list(value.values())
    elif isinstance(value, list):
        inner = value
    else:
        return True
    return depth > 0 and all(_acceptable(each, depth - 1, check_text) for each in inner)


def _malformed() -> Problem:
    return Problem("malformed-json", 400, "The body is not the JSON that we accept")


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's blueprint with the strict parser, and with types for the decorators that views wear."""

    ARGUMENTS_PARSER = _StrictParser()

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Serve the decorated view (or MethodView) at `rule`, and describe it."""
        return cast(Callable[[View], View], super().route(rule, **options))

    def arguments(self, schema: Any, **options: Any) -> Callable[[Callable[..., R]], Callable[..., R]]:
        """Load the body (or `location="query"`, …) by `schema`; the view gets it as its next positional argument."""
        made = schema() if isinstance(schema, type) else schema  # once, not for each request
        return cast(Callable[[Callable[..., R]], Callable[..., R]], super().arguments(made, **options))

    def response(
        self, status_code: int, schema: Any = None, **options: Any
    ) -> Callable[[Callable[P, Any]], Callable[P, Response]]:
        """Dump what the view returns by `schema`; a Response passes unchanged."""
        wrapped = super().response(status_code, schema, **options)
        return cast(Callable[[Callable[P, Any]], Callable[P, Response]], wrapped)

    def alt_response(self, status_code: int, response: str | None = None, **options: Any) -> Callable[[View], View]:
        """Describe another response."""
        return cast(Callable[[View], View], super().alt_response(status_code, response, **options))

    @staticmethod
    def doc(**options: Any) -> Callable[[View], View]:
        """Add to the description as it is."""
        return cast(Callable[[View], View], flask_smorest.Blueprint.doc(**options))
