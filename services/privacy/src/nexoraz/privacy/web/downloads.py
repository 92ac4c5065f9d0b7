"""Certificates and archives, byte for byte; archives with ranges, so that a download resumes."""

from collections.abc import Iterator

from flask import Response

from nexoraz.privacy.projections.requests import archive_of, belongs_to
from nexoraz.privacy.web.desk import Desk
from nexoraz.service.auth import Caller
from nexoraz.service.downloads import StoredFile, download
from nexoraz.service.problems import not_found


def certificate(desk: Desk, request_id: str) -> Response:
    """The certificate's file; 404 while there is none."""
    file = desk.documents.certificate(request_id)
    if file is None:
        raise not_found()
    response = Response(file, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="certificate-{request_id}.json"'
    return response


def amendments(desk: Desk, request_id: str) -> Response:
    """All amendments of the certificate; 404 while there is no certificate."""
    file = desk.documents.amendments(request_id)
    if file is None:
        raise not_found()
    response = Response(file, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="amendments-{request_id}.json"'
    return response


def archive(desk: Desk, request_id: str, caller: Caller) -> Response:
    """The archive or a range of it; 404 for everybody but its person, and once it is erased or expired."""
    with desk.engine.connect() as connection:
        own = belongs_to(connection, request_id, caller.account_id)
        stored = archive_of(connection, request_id) if own else None
    if stored is None or desk.clock() >= stored.expires_at:
        raise not_found()

    def open_range(start: int, end: int) -> Iterator[bytes]:
        chunks = desk.documents.archive(stored.account_id, request_id, start, end)
        if chunks is None:
            raise not_found()
        return chunks

    file = StoredFile(stored.size, "application/zip", request_id, f"nexoraz-data-{request_id}.zip")
    return download(file, open_range)
