"""The raw body of an upload, as it comes from the socket."""

from collections.abc import Iterator

from flask import Response, after_this_request, request
from werkzeug.exceptions import ClientDisconnected

from nexoraz.assets.application.intake import Body
from nexoraz.assets.domain.picture import PhotoTooHeavy
from nexoraz.service.problems import standard

CHUNK = 64 * 1024
ACCEPTED = "application/octet-stream"


def body_of_request(max_bytes: int) -> Body:
    """Nothing is read yet. Raises 415 for what is not said to be an image, PhotoTooHeavy by the declared length."""
    declared = request.content_length
    if declared is not None and declared > max_bytes:
        after_this_request(_close)
        raise PhotoTooHeavy(max_bytes)
    if request.mimetype != ACCEPTED and not request.mimetype.startswith("image/"):
        raise standard(415, "Send the photo itself, as image/* or application/octet-stream")
    request.max_content_length = max_bytes + 1  # Intake refuses it one byte earlier, with the figure
    return Body(_chunks(), declared)


def _chunks() -> Iterator[bytes]:
    try:
        while chunk := request.stream.read(CHUNK):
            yield chunk
    except (OSError, ClientDisconnected):
        return  # shorter than declared, which Intake refuses


def _close(response: Response) -> Response:
    """The rest of the body is not read, so the connection is of no more use."""
    response.headers["Connection"] = "close"
    return response
