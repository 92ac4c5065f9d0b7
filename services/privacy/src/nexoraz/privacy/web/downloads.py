"""Certificates and archives, byte for byte; archives with ranges (RFC 9110, section 14), so that a download resumes."""

from collections.abc import Iterator

from flask import Response, request

from nexoraz.privacy.projections.requests import StoredArchive, archive_of, belongs_to
from nexoraz.privacy.web.desk import Desk
from nexoraz.service.auth import Caller
from nexoraz.service.problems import not_found, standard


def certificate(desk: Desk, request_id: str) -> Response:
    """The certificate's file; 404 while there is none."""
    file = desk.documents.certificate(request_id)
    if file is None:
        raise not_found()
    response = Response(file, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="certificate-{request_id}.json"'
    return response


def archive(desk: Desk, request_id: str, caller: Caller) -> Response:
    """The archive or a range of it; 404 for everybody but its person, and once it is erased or expired."""
    with desk.engine.connect() as connection:
        own = belongs_to(connection, request_id, caller.account_id)
        stored = archive_of(connection, request_id) if own else None
    if stored is None or desk.clock() >= stored.expires_at:
        raise not_found()
    start, end = _range(stored.size, _tag(request_id))
    chunks = desk.documents.archive(stored.account_id, request_id, start, end)
    if chunks is None:
        raise not_found()
    return _response(request_id, stored, start, end, chunks)


def _tag(request_id: str) -> str:
    return f'"{request_id}"'


def _range(size: int, tag: str) -> tuple[int, int]:
    """The wanted range, start inclusive, end exclusive. A range that we do not understand is as good as none, and one
    outside of the archive is refused with 416."""
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return 0, size
    if request.headers.get("If-Range", tag) != tag:
        return 0, size
    found = wanted.range_for_length(size)
    if found is None:
        problem = standard(416)
        problem.headers["Content-Range"] = f"bytes */{size}"
        raise problem
    return found


def _response(request_id: str, stored: StoredArchive, start: int, end: int, chunks: Iterator[bytes]) -> Response:
    whole = (start, end) == (0, stored.size)
    response = Response(chunks, 200 if whole else 206, mimetype="application/zip")
    response.content_length = end - start
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = _tag(request_id)
    response.headers["Content-Disposition"] = f'attachment; filename="nexoraz-data-{request_id}.zip"'
    if not whole:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{stored.size}"
    return response
