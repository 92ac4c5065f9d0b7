"""A process for test_server: serves a small application under gunicorn until it is told to stop."""

import sys
import time
from typing import Any

from flask import Response, request

from nexoraz.service import logging as logs
from nexoraz.service import server
from nexoraz.service.app import Blueprint, body_limit, create_app
from nexoraz.service.settings import Secret, ServiceSettings


def make_app() -> Any:
    slow = Blueprint("slow", __name__)

    @slow.route("/sleep/<float:seconds>", methods=["GET"])
    @slow.response(200)
    def sleep(seconds: float) -> dict[str, float]:
        time.sleep(seconds)
        return {"slept": seconds}

    @slow.route("/upload", methods=["POST"])
    @body_limit(100_000)
    @slow.response(200)
    def upload() -> dict[str, int]:
        size = 0
        while chunk := request.stream.read(8_192):
            size += len(chunk)
        return {"size": size}

    @slow.route("/die", methods=["GET"])
    @slow.response(200)
    def die() -> Response:
        def body() -> Any:
            yield b"begun"
            raise ValueError("bob@example.org")

        return Response(body())

    return create_app("t", "1", ServiceSettings(database_url=Secret("unused")), [slow], {})


if __name__ == "__main__":
    server.BoundedThreadWorker.queue_limit = 1.5
    server.SOCKET_LIMIT = 2.5
    logs.configure("t", "1")
    server.run_web(make_app, sys.argv[1], workers=1, threads=int(sys.argv[2]))
