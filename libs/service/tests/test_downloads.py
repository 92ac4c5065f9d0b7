"""A stored file is answered whole or by range, and never more than was asked for."""

import pytest
from flask import Flask, Response

from nexoraz.service.downloads import StoredFile, download
from nexoraz.service.problems import Refusals, install

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    install(app, Refusals({}))

    @app.route("/file")
    def file() -> Response:
        stored = StoredFile(len(CONTENT), "image/png", "v1", 'Tasse "bleu" é.png')
        return download(stored, lambda start, end: iter([CONTENT[start:end]]))

    return app


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        (None, 200, CONTENT, None),
        ("bytes=0-9", 206, CONTENT[:10], "bytes 0-9/1024"),
        ("bytes=1000-", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=-24", 206, CONTENT[-24:], "bytes 1000-1023/1024"),
        ("bytes=1000-9999", 206, CONTENT[1000:], "bytes 1000-1023/1024"),
        ("bytes=0-1,5-6", 200, CONTENT, None),
        ("lines=1-2", 200, CONTENT, None),
        ("bytes=nonsense", 200, CONTENT, None),
    ],
)
def test_a_range_is_answered_exactly(
    app: Flask, asked: str | None, status: int, body: bytes, content_range: str | None
) -> None:
    answer = app.test_client().get("/file", headers={"Range": asked} if asked else {})
    assert (answer.status_code, answer.data) == (status, body)
    assert answer.headers.get("Content-Range") == content_range
    assert answer.content_length == len(body)


def test_a_range_behind_the_end_is_refused_with_the_size(app: Flask) -> None:
    answer = app.test_client().get("/file", headers={"Range": "bytes=5000-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == "bytes */1024"
    assert answer.mimetype == "application/problem+json"


def test_a_changed_file_is_sent_whole_instead_of_a_part_that_would_not_fit(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/file", headers={"Range": "bytes=0-1", "If-Range": '"v1"'}).status_code == 206
    assert client.get("/file", headers={"Range": "bytes=0-1", "If-Range": '"v0"'}).status_code == 200


def test_what_the_client_has_is_not_sent_again(app: Flask) -> None:
    assert app.test_client().get("/file", headers={"If-None-Match": '"v1"'}).status_code == 304


def test_head_tells_the_size_and_sends_nothing(app: Flask) -> None:
    answer = app.test_client().head("/file")
    assert (answer.data, answer.content_length) == (b"", len(CONTENT))


def test_any_name_is_a_safe_header(app: Flask) -> None:
    header = app.test_client().get("/file").headers["Content-Disposition"]
    assert "\n" not in header
    assert header.isascii()
    assert (
        header == r"""attachment; filename="Tasse \"bleu\" e.png"; filename*=UTF-8''Tasse%20%22bleu%22%20%C3%A9.png"""
    )
