"""gunicorn as services run it: a process of its own, spoken to over a socket."""

import json
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
        until = time.monotonic() + 20
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
def served(tmp_path: Path) -> Iterator[Served]:
    running = Served(4, tmp_path / "log")
    yield running
    running.stop()


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Served]:
    """One thread only, so that a second request has to wait."""
    running = Served(1, tmp_path / "log")
    yield running
    running.stop()


def test_told_to_stop_it_finishes_what_runs_and_leaves_with_success(served: Served) -> None:
    answers: list[requests.Response] = []
    running = threading.Thread(target=lambda: answers.append(requests.get(served.url + "/v1/t/sleep/1.0", timeout=10)))
    running.start()
    time.sleep(0.3)
    assert served.stop() == 0
    running.join()
    assert answers[0].json() == {"slept": 1.0}


def test_what_waited_too_long_for_a_thread_is_refused_without_being_begun(single: Served) -> None:
    busy = threading.Thread(target=lambda: requests.get(single.url + "/v1/t/sleep/1.5", timeout=10))
    busy.start()
    time.sleep(0.3)
    late = requests.get(single.url + "/v1/t/sleep/0.0", timeout=10)
    busy.join()
    assert late.status_code == 503
    assert late.headers["Content-Type"] == "application/problem+json"
    assert late.headers["Retry-After"] == "1"
    assert requests.get(single.url + "/v1/t/sleep/0.0", timeout=10).status_code == 200


def test_a_client_that_stalls_in_its_body_loses_its_thread(single: Served) -> None:
    with socket.create_connection(("127.0.0.1", single.port)) as stalled:
        stalled.sendall(b"POST /v1/t/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nbegun")
        started = time.monotonic()
        stalled.settimeout(10)
        stalled.recv(1000)
        assert time.monotonic() - started < 4
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


def test_there_is_no_access_log_and_no_line_holds_a_value_of_a_request(served: Served) -> None:
    requests.get(served.url + f"/v1/t/sleep/0.0?q={PERSONAL}", headers={"User-Agent": PERSONAL}, timeout=5)
    requests.get(served.url + f"/{PERSONAL}", timeout=5)
    with pytest.raises(requests.RequestException):
        requests.get(served.url + f"/v1/t/die?q={PERSONAL}", timeout=5).content  # noqa: B018  # read to its broken end
    with socket.create_connection(("127.0.0.1", served.port)) as broken:
        broken.sendall(f"NONSENSE {PERSONAL}\r\n\r\n".encode())
        broken.recv(1000)
    served.stop()
    assert PERSONAL not in served.log.read_text()
    assert "/v1/t/sleep/<float:seconds>" in [line.get("route") for line in served.lines()]
