"""The raw body of an upload, as it comes from the socket."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, after_this_request, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from nexoraz.assets.application.intake import Body
from nexoraz.assets.domain.picture import PhotoTooHeavy
from nexoraz.service.problems import standard

CHUNK = 64 * 1024
DRAIN_S = 10.0
"""How long a refused upload is listened to, so that its sender gets to read the refusal."""
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


@contextmanager
def heard_out(body: Body) -> Iterator[None]:
    """When the block refuses, take the rest of the body and drop it: closing a connection that still receives resets
    it, and the client would see a broken pipe in the place of the refusal."""
    try:
        yield
    except Exception:
        give_up = time.monotonic() + DRAIN_S
        try:
            for _ in body.chunks:
                if time.monotonic() > give_up:
                    after_this_request(_close)
                    break
        except RequestEntityTooLarge:
            after_this_request(_close)
        raise


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
