"""The ceiling of the HTTP figures: one Flask route under the gunicorn that serves our services.

`python -m benchmarks.bare HOST:PORT`; it answers GET and POST with a body like the balance of credits.
"""

import sys

from flask import Flask

from nexoraz.service import logging as logs
from nexoraz.service.server import run_web

BODY = {"available": 12, "reserved": 3, "spent": 25, "updated_at": "2026-01-01T00:00:00Z"}


def bare() -> Flask:
    app = Flask("bare")

    @app.route("/bare", methods=["GET", "POST"])
    def answer() -> dict[str, object]:
        return BODY

    return app


if __name__ == "__main__":
    logs.configure("bare", "1")
    run_web(bare, sys.argv[1], workers=1, threads=8)
