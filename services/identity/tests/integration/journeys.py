"""What a client does, in words, against the Flask application."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from nexoraz.identity.adapters.memory import MemoryTransport
from nexoraz.identity.bootstrap import App
from services.identity.tests.examples import EMAIL, PASSWORD

Answer = Any
"""A TestResponse; its `json` is whatever the API says."""
BASE = "/v1/identity"
ACCOUNT = {"email": EMAIL, "password": PASSWORD, "name": "Ann", "country": "DE", "birth_date": "1990-05-17"}


@dataclass(frozen=True)
class Due:
    key: str


@dataclass
class Person:
    """A person with an HTTP client (a FlaskClient that keeps no cookies)."""

    app: App
    client: Any
    transport: MemoryTransport

    def register(self, key: str | None = None, **changes: Any) -> Answer:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return self.client.post(f"{BASE}/accounts", json={**ACCOUNT, **changes}, headers=headers)

    def receive(self) -> list[tuple[str, str]]:
        """Have the waiting mails sent; recipient and text of all that ever were."""
        for mail_id in self.waiting_mails():
            self.app.use_cases.sending.send(Due(mail_id))
        return [(to, letter.text) for _, to, letter in self.transport.sent]

    def waiting_mails(self) -> list[str]:
        with self.app.runtime.engine.connect() as connection:
            query = self.app.tables.mails.select().order_by(self.app.tables.mails.c.created_at)
            return [str(row.id) for row in connection.execute(query)]

    def token(self) -> str:
        """The newest verification token that was received."""
        found = [re.findall(r"^[0-9a-f-]+\.[0-9a-f-]+\.\S{43}$", text, re.M) for _, text in self.receive()]
        tokens: list[str] = [token for each in found for token in each]
        return tokens[-1]

    def verify(self, token: str) -> Answer:
        return self.client.post(f"{BASE}/accounts/verification", json={"token": token})

    def sign_in(self, email: str = EMAIL, password: str = PASSWORD) -> Answer:
        body = {"email": email, "password": password}
        return self.client.post(f"{BASE}/sessions", json=body, headers={"User-Agent": "Firefox/128.0 (X11; Linux)"})

    def join(self, email: str = EMAIL) -> dict[str, str]:
        """Register, verify, sign in; returns the headers of a signed-in request."""
        self.register(email=email)
        self.verify(self.token())
        return bearer(self.sign_in(email))

    def events(self) -> list[str]:
        """The types of all events of accounts, in order."""
        table = self.app.runtime.tables.events
        with self.app.runtime.engine.connect() as connection:
            rows = connection.execute(table.select().where(table.c.account_id != "").order_by(table.c.position))
            return [row.type for row in rows]


def bearer(answer: Answer) -> dict[str, str]:
    assert answer.status_code in (200, 201), answer.get_data(as_text=True)
    return {"Authorization": f"Bearer {answer.json['access_token']}"}
