"""Requests as no library would send them, and what every refusal has to look like."""

import http.client
import json
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import urllib3

PROBLEM = "application/problem+json"
INSIDE = re.compile(
    rb"Traceback|File \"|\.py\b|psycopg|sqlalchemy|werkzeug|marshmallow|gunicorn|flask|/src/|postgresql:|(?<!<)SELECT ",
    re.IGNORECASE,
)
"""Words that would tell a stranger how the suite is made."""
PROTOCOL_REFUSALS = frozenset({400, 408, 411, 413, 414, 417, 431, 501, 505})
"""What the gateway's HTTP parser may answer, in plain text, to bytes that are no HTTP request."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.body))

    @property
    def media_type(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    def without_instance(self) -> dict[str, Any]:
        """The document apart from the name of the request."""
        return {name: value for name, value in self.problem.items() if name != "instance"}


@dataclass(frozen=True)
class Wire:
    """The gateway of a running suite."""

    port: int

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own. The path goes out as it is. `body` may be bytes, or a value that
        becomes JSON. Header names are given with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in ({"Host": f"localhost:{self.port}"} | sent).items():
                connection.putheader(name, value)
            if content is not None:
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content)
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def raw(self, *parts: bytes, patience_s: float = 30.0) -> Answer | None:
        """Bytes as they are; None when the connection was closed without an answer."""
        return self.slowly(parts, 0.0, patience_s)

    def slowly(self, parts: Iterable[bytes], pause_s: float, patience_s: float = 30.0) -> Answer | None:
        """The parts with a pause between them."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience_s) as connection:
            try:
                for part in parts:
                    connection.sendall(part)
                    if pause_s:
                        _pause(connection, pause_s)
            except OSError:
                pass  # refused before all was sent: the answer may still be there to read
            return _read(connection)


def _pause(connection: socket.socket, pause_s: float) -> None:
    before = connection.gettimeout()
    connection.settimeout(pause_s)
    try:
        if connection.recv(1, socket.MSG_PEEK):
            raise BrokenPipeError("already answered")
    except TimeoutError:
        pass
    finally:
        connection.settimeout(before)


def _read(connection: socket.socket) -> Answer | None:
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        return _answer(response)
    except (http.client.HTTPException, OSError):
        return None


def _answer(response: http.client.HTTPResponse) -> Answer:
    return Answer(response.status, urllib3.HTTPHeaderDict(response.getheaders()), response.read())


def request(method: str, path: str, *headers: str, body: bytes = b"", version: str = "HTTP/1.1") -> bytes:
    """The bytes of a request with exactly these headers and a Host."""
    lines = [f"{method} {path} {version}", "Host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def chunked(content: bytes, size: int = 16_384) -> bytes:
    """A body in chunks."""
    source, out = BytesIO(content), b""
    while piece := source.read(size):
        out += b"%x\r\n%b\r\n" % (len(piece), piece)
    return out + b"0\r\n\r\n"


def check_refusal(answer: Answer, *statuses: int, secrets: Iterable[str] = ()) -> None:
    """A 4xx problem document (of one of `statuses`) that tells nothing of the inside or of anybody's values."""
    shown = f"{answer.status} {answer.body[:400]!r} {dict(answer.headers)}"
    assert 400 <= answer.status < 500, shown
    assert not statuses or answer.status in statuses, shown
    assert answer.media_type == PROBLEM, shown
    problem = answer.problem
    assert problem["status"] == answer.status, shown
    assert problem["type"].startswith("https://nexoraz.pro/problems/") and problem["title"], shown
    check_discreet(answer, secrets)


def check_discreet(answer: Answer, secrets: Iterable[str] = ()) -> None:
    """Nothing of the inside, no version, none of the values given."""
    shown = f"{answer.status} {answer.body[:400]!r} {dict(answer.headers)}"
    assert answer.media_type.startswith(("image/", "application/zip")) or not INSIDE.search(answer.body), shown
    assert not answer.headers.get("Server") and "X-Powered-By" not in answer.headers, shown
    everything = answer.body + repr(list(answer.headers.items())).encode()
    assert not [secret for secret in secrets if secret.encode() in everything], shown


def check_refused_somewhere(answer: Answer | None) -> None:
    """For what is no HTTP: closed, refused by the gateway's parser, or by a service with a problem document."""
    if answer is None:
        return
    if answer.media_type == PROBLEM:
        check_refusal(answer)
        return
    assert answer.status in PROTOCOL_REFUSALS, f"{answer.status} {answer.body[:200]!r}"
    assert len(answer.body) < 200, answer.body[:400]
    check_discreet(answer)
