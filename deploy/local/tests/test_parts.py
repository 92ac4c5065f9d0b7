"""Each part does what the suite relies on it for."""

import asyncio
import http.client
import http.server
import io
import json
import os
import smtplib
import threading
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import psycopg
import pytest
import stripe
from minio.error import S3Error
from nats.errors import Error as NatsError

from nexoraz.local import ports
from nexoraz.local.parts.gateway import Gateway
from nexoraz.local.parts.mailbox import Mailbox
from nexoraz.local.parts.postgres import Postgres
from nexoraz.local.parts.s3 import GRPC, PORTS, S3
from nexoraz.local.parts.stripe import Stripe
from nexoraz.local.processes import Mode, Running, start
from nexoraz.local.testing.real import RealNats

pytestmark = pytest.mark.real


class Echo(http.server.BaseHTTPRequestHandler):
    """Refuses the first `refusals` POSTs and keeps all it gets."""

    refusals = 0
    seen: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(503 if len(self.seen) <= self.refusals else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def echo() -> Iterator[tuple[type[Echo], int]]:
    handler = type("One", (Echo,), {"seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", ports.free_range(1)), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, server.server_port
    server.shutdown()


def stop(*running: Running) -> None:
    for one in running:
        one.stop()


@pytest.mark.parametrize("mode", ["unroot", "nobody"])
def test_postgresql_runs_for_root_and_others_in_a_folder_that_stays_closed(tmp_path: Path, mode: Mode) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = Postgres(closed / "data", ports.free_range(1), "a-password", tmp_path / "log", mode=mode)
    running = start(server)
    try:
        with psycopg.connect(server.dsn()) as connection:
            assert connection.info.server_version >= 180000
            assert connection.execute("SHOW data_checksums").fetchone() == ("on",)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.dsn(password="another"))
        assert closed.stat().st_mode & 0o777 == 0o700
        if os.getuid() == 0:
            assert b"CapEff:\t0000000000000000" in status(running.pid) or mode == "nobody"
    finally:
        stop(running)


def status(pid: int) -> bytes:
    return Path(f"/proc/{pid}/status").read_bytes()


def test_the_server_log_holds_no_value_of_a_refused_row(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data", ports.free_range(1), "a-password", tmp_path / "log")
    running = start(server)
    try:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("CREATE TABLE t (email text PRIMARY KEY)")
            for _ in range(2):
                try:
                    connection.execute("INSERT INTO t VALUES ('ada@example.org')")
                except psycopg.errors.UniqueViolation as error:
                    assert "ada@example.org" in (error.diag.message_detail or "")
    finally:
        stop(running)
    assert "duplicate key" in server.log.read_text()
    assert "ada@example.org" not in server.log.read_text()


def test_a_service_writes_under_its_own_subjects_only(nats: RealNats) -> None:
    refused: list[Exception] = []

    async def remember(error: Exception) -> None:
        refused.append(error)

    async def act() -> None:
        connection = await nats.connect("assets", error_cb=remember)
        jetstream = connection.jetstream(timeout=2)
        await jetstream.add_stream(name="NEXORAZ_ASSETS", subjects=["nexoraz.assets.*.*.*.*"])
        await jetstream.publish("nexoraz.assets.photo-uploaded.v1.1.a", b"{}")
        await connection.publish("nexoraz.billing.credits-granted.v1.1.a", b"{}")
        await connection.subscribe("rpc.billing.>")
        with pytest.raises(NatsError):
            await jetstream.add_stream(name="NEXORAZ_BILLING", subjects=["nexoraz.billing.*.*.*.*"])
        with pytest.raises(NatsError):
            await jetstream.purge_stream("NEXORAZ_BILLING")
        await connection.close()

    asyncio.run(act())
    assert sum("permissions violation" in str(error).lower() for error in refused) >= 4


def test_an_identity_reaches_its_own_bucket_only(tmp_path: Path) -> None:
    secrets = {"operator": "operators-secret", "one": "secret-of-one", "two": "secret-of-two"}
    server = S3(
        tmp_path / "s3", ports.free_range(PORTS), secrets, tmp_path / "log", {"one": "bucket-one", "two": "bucket-two"}
    )
    running = start(server)
    try:
        for bucket in server.buckets.values():
            server.create_bucket(bucket)
        client = server.client("one")
        client.put_object("bucket-one", "k", io.BytesIO(b"1"), 1)
        for act in (
            lambda: client.put_object("bucket-two", "k", io.BytesIO(b"1"), 1),
            lambda: client.get_object("bucket-two", "k"),
            lambda: list(client.list_objects("bucket-two")),
            lambda: client.make_bucket("bucket-three"),
            lambda: client.remove_bucket("bucket-two"),
        ):
            with pytest.raises(S3Error, match="AccessDenied"):
                act()
    finally:
        stop(running)
    again = start(server)
    assert server.client("one").get_object("bucket-one", "k").read() == b"1"
    stop(again)


def test_a_socket_that_another_users_killed_server_left_is_no_obstacle(tmp_path: Path) -> None:
    server = S3(tmp_path / "s3", ports.free_range(PORTS), {"operator": "operators-secret"}, tmp_path / "log")
    # Nobody who runs this test may remove a folder by `unlink`, as an ordinary user may not remove what is root's.
    left = [Path("/tmp") / f"seaweedfs-{name}-grpc-{server.port + offset}.sock" for name, offset in GRPC.items()]
    for obstacle in left:
        obstacle.mkdir()
    try:
        stop(start(server))
    finally:
        for obstacle in left:
            obstacle.rmdir()


TRACING = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "x=1", "baggage": "email=ada@example.org"}


def test_the_gateway_routes_by_service_and_adds_the_headers(tmp_path: Path, echo: tuple[type[Echo], int]) -> None:
    handler, port = echo
    first = ports.free_range(2)
    running = start(Gateway(tmp_path / "gateway", first, first + 1, {"assets": port}, tmp_path / "log"))
    try:
        answer = request(first, "/v1/assets/photos?title=My%20cup", {"X-Forwarded-For": "203.0.113.9", **TRACING})
        assert answer.status == 200
        path, headers, _ = handler.seen[-1]
        assert path == "/v1/assets/photos?title=My%20cup"
        assert headers["x-forwarded-for"] == "127.0.0.1"
        assert not headers.keys() & TRACING.keys(), "a stranger's word about tracing was passed on"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        request(first, "/livez")
        assert handler.seen[-1][0] == "/v1/assets/no-such-resource"
        before = len(handler.seen)
        assert request(first, "/v1/assets/..%2f..%2flivez").status == 400
        assert request(first, "/v1/assets/photos", {"X_Forwarded_For": "203.0.113.9"}).status == 400
        assert len(handler.seen) == before
    finally:
        stop(running)
    assert "My%20cup" not in (tmp_path / "log").read_text()


def request(port: int, path: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    answer.read()
    return answer


def test_a_payment_is_told_by_a_signed_webhook_until_it_is_accepted(
    tmp_path: Path, echo: tuple[type[Echo], int]
) -> None:
    handler, port = echo
    handler.refusals = 2
    address = f"http://127.0.0.1:{port}/hook"
    part = Stripe(tmp_path / "s", ports.free_range(1), "sk_test_123456", address, "whsec_1", tmp_path / "log")
    running = start(part)
    try:
        client = stripe.StripeClient(part.api_key, base_addresses={"api": part.api_base})
        card: Any = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        method = client.v1.payment_methods.create({"type": "card", "card": card})
        intent = client.v1.payment_intents.create({"amount": 900, "currency": "eur"})
        confirmed = client.v1.payment_intents.confirm(intent.id, {"payment_method": method.id})
        assert confirmed.status == "succeeded"
        wait_for(lambda: len(handler.seen) >= 3)
        stop(running)
        running = start(part)
        client = stripe.StripeClient(part.api_key, base_addresses={"api": part.api_base})
        assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
    finally:
        stop(running)
    _, headers, body = handler.seen[-1]
    event = stripe.Webhook.construct_event(body, headers["stripe-signature"], "whsec_1")
    assert event.type == "payment_intent.succeeded"
    assert list((tmp_path / "s" / "webhooks").iterdir()) == []


def wait_for(condition: Any, seconds: float = 15) -> None:
    done = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        done.wait(0.05)
    raise AssertionError("it did not happen in time")


def test_a_mail_lies_in_its_recipients_mailbox_also_after_a_restart(tmp_path: Path) -> None:
    first = ports.free_range(2)
    part = Mailbox(tmp_path / "mail", first, first + 1, tmp_path / "log")
    running = start(part)
    try:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "hello@nexoraz.pro", "Ada@example.org", "Bestätigen"
        mail["List-Unsubscribe"] = "<https://nexoraz.pro/u/1>"
        mail.set_content("Your token: 123\n")
        with smtplib.SMTP("127.0.0.1", part.smtp_port) as connection:
            connection.send_message(mail)
        running.process.kill()
        stop(running)
        running = start(part)
        (received,) = mails(part, "ada@example.org")
        assert (received["subject"], received["text"]) == ("Bestätigen", "Your token: 123\n")
        assert received["headers"]["list-unsubscribe"] == "<https://nexoraz.pro/u/1>"
        assert mails(part, "bob@example.org") == []
    finally:
        stop(running)
    assert "ada" not in part.log.read_text().lower()


def mails(part: Mailbox, address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{part.url}/mails?to={address}", timeout=5) as answer:
        listed: list[dict[str, Any]] = json.load(answer)
    return listed
