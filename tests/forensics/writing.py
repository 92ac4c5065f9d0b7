"""Everything that a person, or a stranger, can write to the suite: what is accepted and what is refused."""

import base64
import hashlib
import hmac
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import urllib3

from tests.forensics.canaries import Canaries
from tests.journey.person import Person

HEADERS = (
    "User-Agent", "Cookie", "Referer", "From", "Origin", "Accept", "Accept-Language", "Accept-Encoding",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "X-Request-Id", "X-Correlation-Id", "baggage",
    "tracestate", "If-Match", "If-None-Match", "If-Modified-Since", "Range", "Last-Event-ID", "Idempotency-Key",
    "Content-Disposition", "X-File-Name", "Stripe-Signature", "X-Unknown", "Content-Language",
)  # fmt: skip
"""Headers whose value is free text."""
READS = (
    "identity/profile", "identity/sessions", "assets/photos", "render/jobs", "render/presets", "billing/balance",
    "billing/purchases", "billing/ledger", "privacy/requests", "privacy/policy",
)  # fmt: skip
BODIES = (
    "identity/accounts", "identity/accounts/verification", "identity/sessions", "identity/sessions/refresh",
    "assets/photos", "render/jobs", "billing/purchases", "billing/webhooks/stripe", "privacy/requests",
)  # fmt: skip
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass
class Writer:
    """Sends canaries as one person. statuses: what was answered to what, by a name."""

    person: Person
    canaries: Canaries
    statuses: dict[str, int]

    def send(self, what: str, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
        """One request, whatever is answered; `_` in header names stands for `-`."""
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.person.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url, pool = self.person.places.suite + path, urllib3.PoolManager(timeout=30, retries=False)
        answer = pool.request(method, url, body=body, headers=sent)
        self.statuses[what] = answer.status
        return answer.status

    def header_everywhere(self) -> None:
        """One canary per header and service, on a route that works and on one that does not exist."""
        for path in READS:
            free = {name: self.canaries.text(f"header {name}") for name in HEADERS}
            free["Cookie"] = f"__Host-nexoraz={free['Cookie']}; other={free['Cookie']}"
            free |= {
                "traceparent": TRACE,
                "baggage": f"user={free['baggage']}",
                "tracestate": f"a={free['tracestate']}",
            }
            self.send(f"headers to {path}", "GET", f"/v1/{path}", None, **free)
            self.send(f"headers to {path}/unknown", "GET", f"/v1/{path}/unknown", None, **free)
        for scheme in ("Bearer", "Basic", "Digest"):
            text = self.canaries.text(f"Authorization {scheme}")
            value = base64.b64encode(f"{text}:{text}".encode()).decode() if scheme == "Basic" else text
            self.send(f"authorization {scheme}", "GET", "/v1/identity/profile", Authorization=f"{scheme} {value}")

    def addresses(self) -> None:
        """Paths, queries and methods."""
        for path in READS:
            query = self.canaries.text("query that is refused")
            self.send(f"query to {path}", "GET", f"/v1/{path}?{query}={query}&limit={query}&cursor={query}")
            unknown = self.canaries.text("path that does not exist")
            for tail in (unknown, f"{unknown}/content", f"{uuid4()}/{unknown}", f"%2e%2e/{unknown}", f"{unknown}%zz"):
                self.send(f"path {path}/{tail}", "GET", f"/v1/{path}/{tail}")
        for method in ("DELETE", "PATCH", "POST", "PUT", "TRACE", self.canaries.text("method").upper()):
            self.send(f"method {method}", method, f"/v1/assets/photos/{self.canaries.text('path of another method')}")
        self.send("no service", "GET", f"/{self.canaries.text('path of no service')}")

    def bodies(self) -> None:
        """JSON that is refused: unknown fields, wrong types, broken syntax, other encodings, forms with files."""
        for path in BODIES:
            for what, body in self.refused_json().items():
                self.send(f"{what} to {path}", "POST", f"/v1/{path}", body, Idempotency_Key=uuid4().hex)
            for kind in ("text/plain", "application/x-www-form-urlencoded", "image/jpeg", "application/octet-stream"):
                text = self.canaries.text(f"body of type {kind}")
                body = f"{text}={text}".encode()
                self.send(
                    f"{kind} to {path}", "POST", f"/v1/{path}", body, Content_Type=kind, Idempotency_Key=uuid4().hex
                )
            fields = {
                self.canaries.text("field of a form"): (self.canaries.text("file name of a form"), self.big_text())
            }
            form, kind = urllib3.encode_multipart_formdata(fields)
            self.send(f"form to {path}", "POST", f"/v1/{path}", form, Content_Type=kind, Idempotency_Key=uuid4().hex)

    def big_text(self) -> bytes:
        """More than servers like to keep in memory."""
        return (self.canaries.text("content of a file in a form") * 40_000).encode()

    def refused_json(self) -> dict[str, bytes]:
        names = ("email", "password", "name", "title", "token", "refresh_token", "photo_id", "preset", "pack",
                 "payment_method", "type", "country", "birth_date", "immediate", "id")  # fmt: skip
        wrong = self.canaries.text("JSON value that is refused")
        texts: dict[str, Any] = {
            "unknown field": {self.canaries.text("JSON field that is unknown"): wrong},
            "strings": dict.fromkeys(names, wrong),
            "lists": {name: [wrong] for name in names},
            "objects": {name: {wrong: wrong} for name in names},
            "a list": [wrong],
            "a string": wrong,
        }
        found = {what: json.dumps(body).encode() for what, body in texts.items()}
        broken = self.canaries.text("JSON that is broken")
        found["broken JSON"] = f'{{"email": "{broken}", "{broken}'.encode()
        found["UTF-16"] = json.dumps({"email": self.canaries.text("JSON in UTF-16")}).encode("utf-16")
        found["a NUL"] = f'{{"email": "{broken}\\u0000", "name": "{broken}\\ud800"}}'.encode()
        return found

    def typed_wrong(self) -> None:
        """What people type where it does not belong."""
        canaries, person = self.canaries, self.person
        password = person.password
        for email in (
            password,
            f"{password}@example.org",
            canaries.text("address that has no account") + "@example.org",
        ):
            body = json.dumps({"email": email, "password": canaries.text("wrong password")}).encode()
            self.send(f"sign-in as {email}", "POST", "/v1/identity/sessions", body)
            details = {
                "email": email,
                "password": password,
                "name": password,
                "country": "DE",
                "birth_date": "2024-01-01",
            }
            body = json.dumps(details).encode()
            self.send("a child", "POST", "/v1/identity/accounts", body, Idempotency_Key=canaries.text("key of a child"))
        body = json.dumps({"token": canaries.text("verification token")}).encode()
        self.send("token", "POST", "/v1/identity/accounts/verification", body)
        body = json.dumps({"refresh_token": canaries.text("refresh token")}).encode()
        self.send("refresh", "POST", "/v1/identity/sessions/refresh", body)

    def webhooks(self, secret: str) -> None:
        """What comes in the name of Stripe, with a signature that does not hold and with one that does."""
        for what in ("forged", "genuine"):
            text = self.canaries.text(f"metadata of a {what} webhook")
            intent = {"id": f"pi_{uuid4().hex}", "receipt_email": f"{text}@example.org", "metadata": {text: text}}
            event = {
                "id": f"evt_{uuid4().hex}",
                "object": "event",
                "type": "payment_intent.succeeded",
                "data": {"object": intent},
            }
            body, now = json.dumps(event), int(time.time())
            key = secret if what == "genuine" else "whsec_" + text
            sign = hmac.new(key.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
            held = f"t={now},v1={sign}"
            self.send(f"{what} webhook", "POST", "/v1/billing/webhooks/stripe", body.encode(), Stripe_Signature=held)

    def nonsense(self, port: int) -> None:
        """What is hardly HTTP, to the gateway or to a process behind it."""
        text = self.canaries.text("line that is no HTTP")
        for request in self.nonsense_requests(text):
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(request)
                connection.settimeout(2)
                try:
                    connection.recv(4096)
                except (TimeoutError, ConnectionError):
                    continue

    @staticmethod
    def nonsense_requests(text: str) -> Iterator[bytes]:
        yield f"{text}\r\n\r\n".encode()
        yield f"GET /{text} HTTP/9.9\r\nHost: localhost\r\n\r\n".encode()
        yield f"GET / HTTP/1.1\r\nHost: {text}\r\n{text}\r\n\r\n".encode()
        yield f"GET / HTTP/1.1\r\nHost: localhost\r\n{text} : {text}\r\nX(: {text}\r\n\r\n".encode()
        yield f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {text}\r\n\r\n{text}".encode()
        yield f"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: {text}\r\n\r\n{text}".encode()
        yield f"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{text}\r\n{text}".encode()
        yield f"GET /{text * 400} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    @contextmanager
    def half_an_upload(self, body: bytes) -> Iterator[None]:
        """An upload of which half has arrived inside the `with`, and that is cut off at its end."""
        url = urlsplit(self.person.places.suite)
        head = (
            f"POST /v1/assets/photos?title={self.canaries.text('title of a broken upload')} HTTP/1.1\r\n"
            f"Host: {url.netloc}\r\nAuthorization: Bearer {self.person.token}\r\nContent-Type: image/jpeg\r\n"
            f"Idempotency-Key: {self.canaries.text('key of a broken upload')}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", url.port or 80), timeout=5) as connection:
            connection.sendall(head.encode() + body[: len(body) // 2])
            time.sleep(0.3)
            yield
