"""gunicorn as services run it: a process of its own, spoken to over a socket."""

import contextlib
import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from nexoraz.service.slow_clients import LONGEST_HEAD, wanted

SERVED = Path(__file__).parent / "served.py"
PERSONAL = "bob@example.org"


class Served:
    """The process, its address and, once it has ended, what it wrote."""

    def __init__(self, threads: int, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self._out = log.open("wb")
        command = [sys.executable, str(SERVED), f"127.0.0.1:{self.port}", str(threads)]
        self.process = subprocess.Popen(command, stdout=self._out, stderr=subprocess.STDOUT)
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                if requests.get(self.url + "/livez", timeout=1).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise TimeoutError(self.log.read_text())

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._out.close()
        return code

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Served]:
    """For a test that stops it."""
    running = Served(4, tmp_path / "log")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(4, tmp_path_factory.mktemp("served") / "log")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One thread only, so that a second request has to wait."""
    running = Served(1, tmp_path_factory.mktemp("single") / "log")
    yield running
    running.stop()


def test_told_to_stop_it_finishes_what_runs_and_leaves_with_success(own: Served) -> None:
    answers: list[requests.Response] = []
    running = threading.Thread(target=lambda: answers.append(requests.get(own.url + "/v1/t/sleep/1.0", timeout=10)))
    running.start()
    time.sleep(0.3)
    assert own.stop() == 0
    running.join()
    assert answers[0].json() == {"slept": 1.0}


def test_what_waited_too_long_for_a_thread_is_refused_without_being_begun(single: Served) -> None:
    busy = threading.Thread(target=lambda: requests.get(single.url + "/v1/t/sleep/3.0", timeout=10))
    busy.start()
    time.sleep(0.3)
    late = requests.get(single.url + "/v1/t/sleep/0.0", timeout=10)
    busy.join()
    assert late.status_code == 503
    assert late.headers["Content-Type"] == "application/problem+json"
    assert late.headers["Retry-After"] == "1"
    assert requests.get(single.url + "/v1/t/sleep/0.0", timeout=10).status_code == 200


BEGUN = b"POST /v1/t/upload HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n"


@contextlib.contextmanager
def begun(served: Served, count: int, head: bytes) -> Iterator[list[socket.socket]]:
    """Requests of which only the beginning is sent."""
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.create_connection(("127.0.0.1", served.port))) for _ in range(count)]
        for each in sockets:
            each.settimeout(10)
            each.sendall(head)
        time.sleep(0.3)
        yield sockets


def hears(client: socket.socket, wanted: bytes, times: int = 1) -> bool:
    """Whether the client is sent something that often; head and body may come apart."""
    heard = b""
    while heard.count(wanted) < times and (more := client.recv(4000)):
        heard += more
    return heard.count(wanted) == times


@pytest.mark.parametrize(
    ("arrived", "need"),
    [
        (b"", 1),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", 26),
        (b"x" * LONGEST_HEAD, 0),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27),
        (b"POST / HTTP/1.1\r\nCONTENT-LENGTH:\t7 \r\n\r\nab", 46),
        (b"POST / HTTP/1.1\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: 131073\r\n\r\n", None),
        (b"POST / HTTP/1.1\r\nContent-Length: 9999999999\r\n\r\n", None),
        (b"POST / HTTP/1.1\r\nX: y\r\n\r\nContent-Length: 7\r\n", 25),
    ],
)
def test_what_has_to_be_there_before_a_thread_is_given(arrived: bytes, need: int | None) -> None:
    assert wanted(arrived) == need


def test_a_body_that_is_not_there_yet_takes_no_thread(single: Served) -> None:
    with begun(single, 50, BEGUN % b"Content-Length: 60000" + b"x" * 100) as slow:
        for _ in range(3):
            assert requests.get(single.url + "/v1/t/sleep/0.0", timeout=5).status_code == 200
        for each in slow:
            each.sendall(b"x" * 59_000)
        assert requests.get(single.url + "/v1/t/sleep/0.0", timeout=5).status_code == 200
        for each in slow:
            each.sendall(b"x" * 900)
            assert hears(each, b'{"size":60000}')


def test_a_head_that_trickles_takes_no_thread(single: Served) -> None:
    whole = BEGUN % b"Content-Length: 5" + b"12345"
    with begun(single, 1, whole[:10]) as (slow,):
        for byte in whole[10:]:
            slow.sendall(bytes([byte]))
        assert hears(slow, b'{"size":5}')


def test_requests_that_follow_each_other_on_one_connection_are_answered_in_order(single: Served) -> None:
    whole = BEGUN % b"Content-Length: 3" + b"abc"
    with begun(single, 1, whole + whole + whole[:-2]) as (client,):
        assert hears(client, b'{"size":3}', times=2)
        client.sendall(b"bc")
        assert hears(client, b'{"size":3}')


def test_a_client_that_closes_in_the_middle_leaves_the_connection_free(single: Served) -> None:
    with begun(single, 1, BEGUN % b"Content-Length: 100" + b"half") as (client,):
        client.shutdown(socket.SHUT_WR)
        client.recv(1000)
    assert requests.get(single.url + "/livez", timeout=5).ok


@pytest.mark.parametrize("head", [b"Transfer-Encoding: chunked", b"Content-Length: 90000000"])
def test_streams_leave_half_of_the_threads_to_the_others(served: Served, head: bytes) -> None:
    with begun(served, 12, BEGUN % head):
        for _ in range(5):
            assert requests.get(served.url + "/v1/t/sleep/0.0", timeout=5).status_code == 200


def test_a_stream_that_finds_no_place_is_refused_in_time(served: Served) -> None:
    with begun(served, 3, BEGUN % b"Transfer-Encoding: chunked") as streams:
        until, refused = time.monotonic() + 10, list[socket.socket]()
        while time.monotonic() < until and not refused:
            for each in streams:  # which of them finds no place is the server's choice
                each.sendall(b"1\r\nx\r\n")
            refused = select.select(streams, [], [], 0.2)[0]
        assert len(refused) == 1
        assert hears(refused[0], b"HTTP/1.1 503")


def test_a_client_that_waits_to_be_told_to_go_on_is_told(served: Served) -> None:
    with begun(served, 1, BEGUN % b"Content-Length: 5\r\nExpect: 100-continue") as (client,):
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"12345")
        assert hears(client, b'{"size":5}')


def test_a_client_that_stalls_in_its_body_loses_its_thread(single: Served) -> None:
    with socket.create_connection(("127.0.0.1", single.port)) as stalled:
        stalled.sendall(b"POST /v1/t/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun")
        started = time.monotonic()
        stalled.settimeout(10)
        stalled.recv(1000)
        assert time.monotonic() - started < 9
    assert requests.get(single.url + "/livez", timeout=5).ok


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_of_its_route_is_refused_however_it_is_sent(served: Served, chunked: bool) -> None:
    def body(size: int) -> Any:
        return iter([b"x" * 10_000] * (size // 10_000)) if chunked else b"x" * size

    fits = requests.post(served.url + "/v1/t/upload", data=body(100_000), timeout=5)
    assert fits.json() == {"size": 100_000}
    try:
        refused = requests.post(served.url + "/v1/t/upload", data=body(2_000_000), timeout=5)
    except requests.ConnectionError:
        return  # refused while it was still sending, which is a refusal too
    assert refused.status_code == 413
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_there_is_no_access_log_and_no_line_holds_a_value_of_a_request(own: Served) -> None:
    requests.get(own.url + f"/v1/t/sleep/0.0?q={PERSONAL}", headers={"User-Agent": PERSONAL}, timeout=5)
    requests.get(own.url + f"/{PERSONAL}", timeout=5)
    with pytest.raises(requests.RequestException):
        requests.get(own.url + f"/v1/t/die?q={PERSONAL}", timeout=5).content  # noqa: B018  # read to its broken end
    with socket.create_connection(("127.0.0.1", own.port)) as broken:
        broken.sendall(f"NONSENSE {PERSONAL}\r\n\r\n".encode())
        broken.recv(1000)
    own.stop()
    assert PERSONAL not in own.log.read_text()
    assert "/v1/t/sleep/<float:seconds>" in [line.get("route") for line in own.lines()]
