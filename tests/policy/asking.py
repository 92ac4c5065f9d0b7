"""Requests whose refusal is what the test wants to see, and the raw answers behind a cookie or a header."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import urllib3

from tests.journey.person import Person


@dataclass(frozen=True)
class Answer:
    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(person: Person, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    """One request, whatever comes of it. A body that is no bytes is sent as JSON. Header names have underscores."""
    sent = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if person.token:
        sent.setdefault("Authorization", f"Bearer {person.token}")
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    answer = urllib3.request(method, person.places.suite + path, body=body, headers=sent, retries=False, timeout=30)
    return Answer(answer.status, answer.headers, answer.data)
