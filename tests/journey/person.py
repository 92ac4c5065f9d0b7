"""A person with a browser, a card and a mailbox: everything that one does with Nexoraz, over HTTP only."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import urllib3

Json = dict[str, Any]
TOKEN = re.compile(r"^[A-Za-z0-9_.~-]{20,}$", re.MULTILINE)
PATIENCE_S = 120.0


class Refused(Exception):
    """The suite answered with a problem document."""

    def __init__(self, request: str, answer: urllib3.BaseHTTPResponse) -> None:
        self.status, self.headers = answer.status, answer.headers
        self.problem: Json = json.loads(answer.data)
        super().__init__(f"{request}: {self.status} {self.problem}")


class NeverHappened(Exception):
    """Something that should have come about did not, in time."""


@dataclass(frozen=True)
class Places:
    """Where the suite and the outside companies are. stripe_key: the payment company's key, for the card form."""

    suite: str
    mailbox: str
    stripe: str
    stripe_key: str


class Person:
    """One account's whole life. Requests that create carry an Idempotency-Key and are repeated until answered, so that
    a journey survives the death of any process."""

    def __init__(self, places: Places, email: str | None = None) -> None:
        self.places = places
        self.email = email or f"ann.{uuid4().hex[:10]}@example.org"
        self.password = f"correct horse {uuid4().hex}"
        self.token = ""
        self.account_id = ""
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=3, read=60), retries=False)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Json:
        """A JSON request; repeated while nobody answers. Raises Refused."""
        raw = self.raw(method, path, None if body is None else json.dumps(body).encode(), **headers)
        return json.loads(raw) if raw else {}

    def raw(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """The same with bytes both ways. Header names are given with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent.setdefault("Content-Type", "application/json")
        if method == "POST":
            sent.setdefault("Idempotency-Key", uuid4().hex)
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        give_up = time.monotonic() + PATIENCE_S
        while True:
            answer = self._answer(method, path, body, sent)
            if answer is not None and answer.status < 400:
                return answer.data
            if time.monotonic() > give_up:
                raise NeverHappened(f"{method} {path} was answered")
            if answer is not None and not _worth_another_try(answer):
                raise Refused(f"{method} {path}", answer)
            time.sleep(0.2)

    def _answer(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse | None:
        try:
            return self._http.request(method, self.places.suite + path, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            return None

    def register(self) -> None:
        """Open an account and confirm the address with the token from the mail."""
        details = {"email": self.email, "password": self.password, "name": "Ann Example"}
        self.call("POST", "/v1/identity/accounts", details | {"country": "DE", "birth_date": "1990-04-01"})
        self.confirm()

    def confirm(self) -> None:
        """Confirm the address with the token from the newest mail that has one."""
        token = until(self._mailed_token, "the verification mail came")
        self.call("POST", "/v1/identity/accounts/verification", {"token": token})

    def sign_in(self) -> None:
        """Get an access token for the next ten minutes."""
        self.token = ""
        answer = self.call("POST", "/v1/identity/sessions", {"email": self.email, "password": self.password})
        self.token, self.account_id = answer["access_token"], answer["account_id"]

    def mails(self) -> list[Json]:
        """What came to this address, newest first."""
        answer = self._http.request("GET", f"{self.places.mailbox}/mails", fields={"to": self.email})
        mails: list[Json] = answer.json()
        return mails

    def upload(self, photo: Path, title: str = "A cup of coffee") -> Json:
        """Send a photo as it is."""
        kind = "image/png" if photo.suffix.lower() == ".png" else "image/jpeg"
        body = photo.read_bytes()
        path = "/v1/assets/photos?title=" + title.replace(" ", "%20")
        answer: Json = json.loads(self.raw("POST", path, body, Content_Type=kind))
        return answer

    def buy(self, pack: str = "starter") -> Json:
        """Give the card to the payment company, buy a pack, wait until it is paid."""
        return self.paid(self.pay(pack))

    def pay(self, pack: str = "starter") -> Json:
        """Give the card to the payment company and buy a pack; the purchase, which is not yet known to be paid."""
        card = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        fields = {"type": "card"} | {f"card[{name}]": value for name, value in card.items()}
        method = self._http.request(
            "POST",
            f"{self.places.stripe}/v1/payment_methods",
            fields=fields,
            encode_multipart=False,
            headers={"Authorization": f"Bearer {self.places.stripe_key}"},
        ).json()["id"]
        return self.call("POST", "/v1/billing/purchases", {"pack": pack, "payment_method": method})

    def paid(self, purchase: Json) -> Json:
        """The purchase, once it is paid."""
        path = f"/v1/billing/purchases/{purchase['id']}"
        return until(lambda: _when(self.call("GET", path), "state", "paid"), "the purchase was paid")

    def balance(self) -> Json:
        return self.call("GET", "/v1/billing/balance")

    def ask_render(self, photo_id: str, preset: str) -> Json:
        """Ask for a picture; again when render has not yet heard of a photo that was uploaded a moment ago."""

        def ask() -> Json | None:
            try:
                return self.call("POST", "/v1/render/jobs", {"photo_id": photo_id, "preset": preset})
            except Refused as refused:
                if "Retry-After" in refused.headers:
                    return None
                raise

        return until(ask, "render knew the photo")

    def render(self, photo_id: str, preset: str) -> tuple[Json, bytes]:
        """Ask for a picture, wait for it, download it."""
        job_id = self.ask_render(photo_id, preset)["id"]
        return self.finished(job_id)

    def finished(self, job_id: str) -> tuple[Json, bytes]:
        """The job once it ended, and its picture."""
        path = f"/v1/render/jobs/{job_id}"
        job = until(lambda: _when(self.call("GET", path), "state", "completed", "failed"), "the render ended")
        if job["state"] == "failed":
            raise NeverHappened(f"the render succeeded: {job['reason']}")
        return job, self.raw("GET", f"{path}/output")

    def export(self) -> bytes:
        """Ask for everything that is held, wait for the archive, download it."""
        self.sign_in()
        request = self.call("POST", "/v1/privacy/requests", {"type": "access"})
        path = f"/v1/privacy/requests/{request['id']}"
        until(lambda: _when(self.call("GET", path), "state", "completed"), "the archive was ready")
        return self.raw("GET", f"{path}/archive")

    def ask_erasure(self) -> tuple[str, str]:
        """Ask for the account to be erased at once; the request's id and the token that still opens it afterwards."""
        self.sign_in()
        request = self.call("POST", "/v1/privacy/requests", {"type": "erasure", "immediate": True})
        return request["id"], request["token"]

    def watch(self, request_id: str, token: str) -> Iterator[tuple[str, Json]]:
        """The request's events as they happen, until it ended; resumes where a connection broke."""
        last, give_up = "0", time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up:
            try:
                for number, name, data in self._stream(f"/v1/privacy/requests/{request_id}", token, last):
                    last = number
                    yield name, data
                    if name in ("completed", "denied", "withdrawn"):
                        return
            except urllib3.exceptions.HTTPError:
                time.sleep(0.3)
        raise NeverHappened("the request ended")

    def follow(self, path: str) -> Iterator[tuple[str, Json]]:
        """The events of a render or of a batch of them, once through."""
        for _, name, data in self._stream(path, self.token, "0"):
            yield name, data

    def certificate(self, request_id: str, token: str) -> bytes:
        return self.raw("GET", f"/v1/privacy/requests/{request_id}/certificate", Authorization=f"Bearer {token}")

    def _stream(self, path: str, token: str, last: str) -> Iterator[tuple[str, str, Json]]:
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": last, "Accept": "text/event-stream"}
        url = f"{self.places.suite}{path}/events"
        answer = self._http.request("GET", url, headers=headers, preload_content=False)
        if answer.status != 200:
            answer.release_conn()
            raise urllib3.exceptions.HTTPError(f"status {answer.status}")
        event: dict[str, str] = {}
        for line in _lines(answer):
            if not line:
                if "data" in event:
                    yield event["id"], event["event"], json.loads(event["data"])
                event = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(": ")
                event[name] = value

    def _mailed_token(self) -> str | None:
        for mail in self.mails():
            found = TOKEN.search(mail["text"] or "")
            if found:
                return found.group()
        return None


T = TypeVar("T")


def until(look: Callable[[], T | None], what: str, patience_s: float = PATIENCE_S) -> T:
    """Look until something is found. Raises NeverHappened."""
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise NeverHappened(what)


def _when(answer: Json, name: str, *values: str) -> Json | None:
    return answer if answer[name] in values else None


def _worth_another_try(answer: urllib3.BaseHTTPResponse) -> bool:
    """Something is away for a moment, the gateway included: it answers in plain text until it has read its routes."""
    by_the_suite = answer.headers.get("Content-Type", "").startswith("application/problem+json")
    return not by_the_suite or answer.status == 503 or b"idempotency-key-in-use" in answer.data


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """The lines of a stream as they arrive."""
    rest = b""
    for chunk in answer.stream(amt=None):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.decode() for line in whole)
