"""People, over HTTP only: each does one thing at a time, and repeats with the same key what got no answer."""

import struct
import zlib
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.stage import Killed
from tests.simulation.suite import World

Json = dict[str, Any]
WISHES = (
    "upload", "buy", "render", "cancel", "retry", "export", "erase", "erase-later", "withdraw", "rename", "look", "pay",
)  # fmt: skip
ANYBODY = (4, 3, 4, 2, 2, 2, 2, 2, 2, 1, 2, 3)
CUSTOMER = (1, 0, 9, 6, 6, 0, 1, 0, 0, 0, 1, 0)
"""How often each wish comes up."""


def png(text: bytes) -> bytes:
    """A PNG file of 16 × 16 pixels with a comment in it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 16, 16, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(16) for _ in range(16)))
    comment = chunk(b"tEXt", b"Comment\0" + text)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + comment + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@dataclass
class Request:
    """A privacy request that was accepted. token: opens it for ever."""

    id: str
    token: str
    account_id: str
    type: str
    immediate: bool


@dataclass
class Attempt:
    """Something that a person tries until it is answered."""

    what: str
    service: str
    method: str
    path: str
    body: Any = None
    key: str = ""
    content: bytes = b""


@dataclass
class Person:
    """canary: a word that is in everything which this person ever writes. weights: of their wishes."""

    world: World
    number: int
    email: str
    canary: str
    weights: tuple[int, ...] = ANYBODY
    accounts: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    token: str = ""
    signed_in_at: int = 0
    state: str = "new"
    trying: Attempt | None = None
    keys: int = 0

    @property
    def password(self) -> str:
        return f"correct horse {self.canary}"

    def as_now(self) -> "Person":
        """The same person at this moment, to go on from it more than once."""
        now = copy(self)
        now.accounts, now.requests, now.photos = [*self.accounts], [*self.requests], [*self.photos]
        now.jobs, now.intents = [*self.jobs], [*self.intents]
        return now

    def act(self, wish: str = "") -> None:
        """Go on with what is being tried, or begin something."""
        if self.trying is None:
            self.trying = self._attempt(wish or self._wish())
        if self.trying is not None:
            self._try(self.trying)

    def _wish(self) -> str:
        if self.state == "new":
            return "register"
        if self.state == "registered":
            return "verify"
        if self.state == "verified":
            return "sign-in"
        late = self.world.clock.at - self.signed_in_at > 500_000_000
        if late:
            return "sign-in"
        return self.world.stage.rng.choices(WISHES, self.weights)[0]

    def _attempt(self, wish: str) -> Attempt | None:  # noqa: PLR0911, PLR0912 - one of both per wish
        self.keys += 1
        key = f"{self.canary}-{self.keys}"
        match wish:
            case "register":
                body = {"email": self.email, "password": self.password, "name": f"Ann {self.canary}"}
                body |= {"country": "DE", "birth_date": "1990-04-01"}
                return Attempt(wish, "identity", "POST", "/accounts", body, key)
            case "verify":
                tokens = self.world.mail.tokens(self.email)
                return (
                    Attempt(wish, "identity", "POST", "/accounts/verification", {"token": tokens[0]})
                    if tokens
                    else None
                )
            case "sign-in":
                body = {"email": self.email, "password": self.password}
                return Attempt(wish, "identity", "POST", "/sessions", body)
            case "upload":
                content = png(self.canary.encode() + str(self.keys).encode())
                return Attempt(wish, "assets", "POST", f"/photos?title=My+{self.canary}", None, key, content)
            case "buy":
                return Attempt(wish, "billing", "POST", "/purchases", {"pack": "starter"}, key)
            case "pay":
                self._pay()
                return None
            case "render" if self.photos:
                photo = self.photos[self.world.stage.rng.randrange(len(self.photos))]
                body = {"photo_id": photo, "preset": "marketplace-white"}
                return Attempt(wish, "render", "POST", "/jobs", body, key)
            case "look":
                return Attempt(wish, "billing", "GET", "/balance")
            case "export":
                return Attempt(wish, "privacy", "POST", "/requests", {"type": "access"}, key)
            case "erase" | "erase-later":
                ask = {"type": "erasure", "immediate": wish == "erase"}
                return Attempt(wish, "privacy", "POST", "/requests", ask, key)
            case "withdraw":
                mine = [r for r in self.requests if r.account_id == self.accounts[-1] and not r.immediate]
                if not mine:
                    return None
                return Attempt(wish, "privacy", "POST", f"/requests/{mine[-1].id}/withdrawal", {})
            case "cancel" | "retry":
                return self._change_of_mind(wish, key)
        return None

    def _change_of_mind(self, wish: str, key: str) -> Attempt | None:
        """About one of the last jobs: it may wait, run, or have ended."""
        if not self.jobs:
            return None
        recent = self.jobs[-4:]
        job = recent[self.world.stage.rng.randrange(len(recent))]
        if wish == "cancel":
            return Attempt(wish, "render", "POST", f"/jobs/{job}/cancellation")
        return Attempt(wish, "render", "POST", f"/jobs/{job}/retry", None, key)

    def _pay(self) -> None:
        """At the payment company; its news may come twice or never."""
        stage, stripe = self.world.stage, self.world.stripe
        opened = [i for i in self.intents if i in stripe.payments and stripe.payments[i].status == "open"]
        if not opened:
            return
        intent = opened[0]
        stripe.finish(intent, "card_declined" if stage.rng.random() < 0.15 else "")
        stage.note(f"person {self.number} pays {intent}")

    def _try(self, attempt: Attempt) -> None:
        web = self.world.services[attempt.service].web
        if not web.process.alive:
            web.start()
        headers = {"Idempotency-Key": attempt.key} if attempt.key else {}
        if self.token and attempt.what not in ("register", "verify", "sign-in"):
            headers["Authorization"] = f"Bearer {self.token}"
        options: Json = {"data": attempt.content, "content_type": "image/png"}
        if not attempt.content:
            options = {"json": attempt.body} if attempt.body is not None else {}
        path = f"/v1/{attempt.service}{attempt.path}"

        def call() -> Any:
            return web.client().open(path, method=attempt.method, headers=headers, **options)

        activity = self.world.stage.run(web.process, f"person {self.number} {attempt.what}", call)
        if not activity.ended or isinstance(activity.error, Killed):
            self.world.stage.note(f"person {self.number} {attempt.what}: no answer")
            return
        if activity.error is not None:
            raise activity.error
        answer = activity.outcome
        self.world.stage.note(f"person {self.number} {attempt.what}: {answer.status_code}")
        if answer.status_code < 500 and answer.status_code not in (409, 429):
            self.trying = None
            self._learn(attempt, answer.status_code, answer.get_json(silent=True) or {})
        elif answer.status_code == 500:
            raise AssertionError(f"{attempt.what} was answered with {answer.get_data(as_text=True)}")
        elif answer.status_code == 409 and "in-use" not in answer.get_data(as_text=True):
            self.trying = None

    def _learn(self, attempt: Attempt, status: int, body: Json) -> None:
        if status >= 400:
            self._refused(attempt, status)
            return
        match attempt.what:
            case "register":
                self.state = "registered"
            case "verify":
                self.state = "verified"
            case "sign-in":
                self.state, self.token, self.signed_in_at = "in", body["access_token"], self.world.clock.at
                if body["account_id"] not in self.accounts:
                    self.accounts.append(body["account_id"])
                    self.photos, self.jobs = [], []
            case "upload":
                self.photos.append(body["id"])
            case "buy":
                self.intents.append(body["payment_intent"])
            case "render" | "retry":
                self.jobs.append(body["id"])
            case "export" | "erase" | "erase-later":
                kind = "access" if attempt.what == "export" else "erasure"
                immediate = attempt.what == "erase"
                self.requests.append(Request(body["id"], body["token"], self.accounts[-1], kind, immediate))
                if immediate:
                    self.state, self.token = "new", ""

    def _refused(self, attempt: Attempt, status: int) -> None:
        """A person whose account is gone comes back with the same address."""
        if attempt.what in ("sign-in", "verify"):
            self.state = "registered" if attempt.what == "verify" and status == 410 else "new"
        elif status == 401:
            self.state, self.token = "verified", ""
