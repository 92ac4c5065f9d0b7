"""Whether a reader built for one JSON Schema can read whatever a writer of another may write.

Covers what `msgspec.json.schema` produces. An empty answer means yes; otherwise each line says where and why not.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def unreadable(reader: Schema, writer: Schema) -> list[str]:
    """What the writer may write and the reader would refuse."""
    return list(_Comparison(reader.get("$defs", {}), writer.get("$defs", {})).differences(reader, writer, "message"))


class _Comparison:
    def __init__(self, reader_defs: Schema, writer_defs: Schema) -> None:
        self._reader_defs = reader_defs
        self._writer_defs = writer_defs
        self._open: set[tuple[str, str]] = set()

    def differences(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        names = (reader.get("$ref", ""), writer.get("$ref", ""))
        if all(names):
            if names in self._open:
                return
            self._open.add(names)
        reader, writer = _resolved(reader, self._reader_defs), _resolved(writer, self._writer_defs)
        if "anyOf" in writer:
            for one in writer["anyOf"]:
                yield from self.differences(reader, one, at)
        elif "anyOf" in reader:
            answers = [list(self.differences(one, writer, at)) for one in reader["anyOf"]]
            if all(answers):
                yield min(answers, key=len)[0]
        else:
            yield from self._plain(reader, writer, at)

    def _plain(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        wanted, written = _values(reader), _values(writer)
        if wanted is not None:
            extra = "any value" if written is None else ", ".join(map(str, sorted(written - wanted, key=str)))
            if extra:
                yield f"{at}: {extra} is not among the known values"
            return
        expected, found = reader.get("type"), writer.get("type")
        if expected is None:
            return
        if written is None and found != expected and (expected, found) != ("number", "integer"):
            yield f"{at}: is {found or 'anything'}, not {expected}"
            return
        if reader.get("format") not in (None, writer.get("format")):
            yield f"{at}: is not a {reader['format']}"
        yield from _bounds(reader, writer, at)
        if expected == "object":
            yield from self._object(reader, writer, at)
        if expected == "array" and reader.get("items"):
            yield from self.differences(reader["items"], writer.get("items") or {}, f"{at}[]")

    def _object(self, reader: Schema, writer: Schema, at: str) -> Iterator[str]:
        known, written = reader.get("properties", {}), writer.get("properties", {})
        for name in sorted(set(reader.get("required", [])) - set(writer.get("required", []))):
            yield f"{at}.{name}: may be missing"
        for name in sorted(known.keys() & written.keys()):
            yield from self.differences(known[name], written[name], f"{at}.{name}")
        if reader.get("additionalProperties") is False:
            for name in sorted(written.keys() - known.keys()):
                yield f"{at}.{name}: is unknown"
        elif isinstance(reader.get("additionalProperties"), dict):
            other = writer.get("additionalProperties")
            yield from self.differences(
                reader["additionalProperties"], other if isinstance(other, dict) else {}, f"{at}.*"
            )


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return schema


def _values(schema: Schema) -> set[Any] | None:
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _bounds(reader: Schema, writer: Schema, at: str) -> Iterator[str]:
    for name in LOWER:
        if name in reader and writer.get(name, float("-inf")) < reader[name]:
            yield f"{at}: may be below {name} {reader[name]}"
    for name in UPPER:
        if name in reader and writer.get(name, float("inf")) > reader[name]:
            yield f"{at}: may be above {name} {reader[name]}"
