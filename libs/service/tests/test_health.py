import asyncio
import time
from typing import Any

import pytest

from nexoraz.service.health import Readiness, report, serve_health, split_bind


def refuse() -> None:
    raise ConnectionError("postgresql://user:password@host")


def test_ready_means_that_every_part_was_asked_and_answered() -> None:
    asked: list[str] = []
    ready, listing = Readiness({"a": lambda: asked.append("a"), "b": lambda: asked.append("b")}).report()
    assert ready
    assert sorted(asked) == ["a", "b"]
    assert [(each["name"], each["ok"]) for each in listing["checks"]] == [("a", True), ("b", True)]


def test_a_part_that_fails_is_named_without_what_it_said() -> None:
    ready, listing = Readiness({"good": lambda: None, "bad": refuse}).report()
    assert not ready
    assert listing["checks"][1]["error"] == "ConnectionError"
    assert "password" not in str(listing)


def test_a_part_that_hangs_costs_its_limit_once_and_then_fails_at_once() -> None:
    readiness = Readiness({"slow": lambda: time.sleep(1), "good": lambda: None}, limit=0.1)
    started = time.monotonic()
    ready, listing = readiness.report()
    assert not ready
    assert time.monotonic() - started < 0.5
    assert {each["name"]: each["ok"] for each in listing["checks"]} == {"slow": False, "good": True}
    assert readiness.report()[1]["checks"][0]["error"] == "StillHanging"


def test_the_web_process_tells_whether_its_database_answers(gallery: Any) -> None:
    answer = gallery.client().get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"][0]["ok"]) == (200, True)
    assert gallery.client().get("/livez").get_json() == {"status": "alive"}
    assert not [line for line in gallery.log_lines() if line["event"] == "request"]


async def _get(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    received = await reader.read()
    writer.close()
    return received


async def _ask_worker(checks: dict[str, Any], *requests: bytes) -> list[bytes]:
    server = await serve_health("127.0.0.1:0", checks, limit=0.2)
    port = server.sockets[0].getsockname()[1]
    answers = [await _get(port, request) for request in requests]
    server.close()
    await server.wait_closed()
    return answers


def test_a_worker_serves_the_same_two_addresses_and_nothing_else() -> None:
    async def database() -> None:
        await asyncio.sleep(0)

    requests = [b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/livez", b"/readyz", b"/etc/passwd")]
    alive, ready, nothing = asyncio.run(_ask_worker({"database": database, "sync": lambda: None}, *requests))
    assert alive.startswith(b"HTTP/1.1 200")
    assert ready.startswith(b"HTTP/1.1 200")
    assert b'"name":"database","ok":true' in ready
    assert nothing.startswith(b"HTTP/1.1 404")


def test_a_worker_whose_part_hangs_or_fails_is_alive_and_not_ready() -> None:
    async def hang() -> None:
        await asyncio.sleep(30)

    requests = [b"GET /livez HTTP/1.1\r\n\r\n", b"GET /readyz HTTP/1.1\r\n\r\n"]
    alive, ready = asyncio.run(_ask_worker({"bus": hang, "database": refuse}, *requests))
    assert alive.startswith(b"HTTP/1.1 200")
    assert ready.startswith(b"HTTP/1.1 503")
    assert b"password" not in ready
    assert asyncio.run(report({"bus": hang}, limit=0.05))[1]["checks"][0]["error"] == "TimeoutError"


def test_a_worker_outlives_what_is_no_http() -> None:
    answers = asyncio.run(_ask_worker({}, b"\x00" * 20_000 + b"\r\n\r\n", b"GET /livez HTTP/1.1\r\n\r\n"))
    assert answers[1].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("bind", "parts"), [("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:80", ("::1", 80)), (":80", ("127.0.0.1", 80))]
)
def test_a_bind_is_a_host_and_a_port(bind: str, parts: tuple[str, int]) -> None:
    assert split_bind(bind) == parts
