"""Answering with a stored file: whole, or the one range that was asked for (RFC 9110, section 14)."""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, request
from werkzeug.http import dump_options_header, is_resource_modified

from nexoraz.service.problems import Problem

OpenRange = Callable[[int, int], Iterator[bytes]]
"""(start, end exclusive) → the bytes. Called once, before the answer's head is sent, so that it may still refuse."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that never changes under its tag. size: in bytes. name: what the person's computer shall call it."""

    size: int
    media_type: str
    tag: str
    name: str


def download(file: StoredFile, open_range: OpenRange) -> Response:
    """200, 206 with one range, 304, or 416. Answers HEAD, and If-Range by the tag. Several ranges at once get the
    whole, which a server may do."""
    headers = {"ETag": f'"{file.tag}"', "Accept-Ranges": "bytes", "Content-Disposition": _disposition(file.name)}
    if not is_resource_modified(request.environ, etag=f'"{file.tag}"', ignore_if_range=True):
        return Response(status=304, headers={"ETag": headers["ETag"]})
    span = _wanted(file)
    start, end = span or (0, file.size)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    body = iter(()) if request.method == "HEAD" else open_range(start, end)
    response = Response(body, 206 if span else 200, headers, mimetype=file.media_type, direct_passthrough=True)
    response.content_length = end - start
    return response


def _wanted(file: StoredFile) -> tuple[int, int] | None:
    asked, condition = request.range, request.if_range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    if request.headers.get("If-Range") and (condition.etag or "") != file.tag:
        return None
    span = asked.range_for_length(file.size)
    if span is None:
        unsatisfied = {"Content-Range": f"bytes */{file.size}"}
        raise Problem(rule="range-not-satisfiable", status=416, title="The file is shorter", headers=unsatisfied)
    return span[0], span[1]


def _disposition(name: str) -> str:
    """RFC 6266: a plain name for old clients where the name is not ASCII, and the real one by RFC 8187."""
    if name.isascii():
        return dump_options_header("attachment", {"filename": name})
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return dump_options_header("attachment", {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"})
