"""Stands outside of the service: signs people in, speaks for participants, lets tasks run."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from nexoraz.events.event import Event
from nexoraz.events.export_parts import Entry, binding, new_attempt, pack, part_name, pieces, seal_part
from nexoraz.events.objects import object_name
from nexoraz.events.tasks import TaskTable
from nexoraz.events.testing import FixedClock
from nexoraz.privacy.adapters.archive_store import PARTS, part_id
from nexoraz.privacy.adapters.memory import MemoryLetters
from nexoraz.privacy.bootstrap import App
from nexoraz.privacy.domain.events import ExportAsked
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import Answer, Part, PartFile
from nexoraz.service.auth import remember_key
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, sign_token
from services.privacy.tests import examples as x

PARTICIPANTS = ("identity", "assets", "render", "billing", "privacy")


@dataclass
class Coordinator:
    app: App
    clock: FixedClock
    key: dict[str, Any] = field(default_factory=new_signing_key)
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        with self.app.runtime.engine.begin() as connection:
            remember_key(connection, self.key["kid"], public_jwk(self.key), self.clock() + timedelta(days=90))
        self.client = self.app.web().test_client()

    @property
    def letters(self) -> MemoryLetters:
        """What identity was asked to mail."""
        letters = self.app.ports.letters
        assert isinstance(letters, MemoryLetters)
        return letters

    def headers(self, account_id: str, signed_in_ago: timedelta = timedelta(minutes=1), *roles: str) -> dict[str, str]:
        """What a browser of that account sends."""
        now = self.clock()
        claims = TokenClaims(account_id, str(uuid4()), now - signed_in_ago, frozenset(roles))
        return {"Authorization": f"Bearer {sign_token(self.key, claims, now)}"}

    def narrow(self, account_id: str) -> dict[str, str]:
        """What somebody sends who read a code in a mail."""
        now = self.clock()
        claims = TokenClaims(account_id, str(uuid4()), now, scope="requests")
        return {"Authorization": f"Bearer {sign_token(self.key, claims, now)}"}

    def ask(self, account_id: str, type_: str, immediate: bool = False, key: str = "", **how: Any) -> TestResponse:
        headers = {**self.headers(account_id, **how), "Idempotency-Key": key or str(uuid4())}
        body = {"type": type_, "immediate": immediate}
        return self.client.post("/v1/privacy/requests", json=body, headers=headers)

    def get(self, path: str, account_id: str = "", token: str = "", **headers: str) -> TestResponse:
        bearer = {"Authorization": f"Bearer {token}"} if token else self.headers(account_id)
        return self.client.get(f"/v1/privacy{path}", headers={**bearer, **headers})

    def as_operator(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """A call of the operators' side, with a purpose."""
        bearer = self.headers(x.OPERATOR, timedelta(minutes=1), "operator")
        standard = {"Nexoraz-Purpose": "request-handling", "Idempotency-Key": str(uuid4())}
        return self.client.open(
            f"/v1/privacy/admin{path}", method=method, json=body, headers={**bearer, **standard, **headers}
        )

    def state(self, request_id: str) -> Request:
        with self.app.runtime.store.transaction() as tx:
            return self.app.use_cases.requests.state_of(tx, request_id)

    def history(self, request_id: str) -> list[Event]:
        with self.app.runtime.store.transaction() as tx:
            return self.app.use_cases.requests.history_of(tx, request_id)

    def run_tasks(self) -> int:
        """Run what is due, including what that leads to; returns how many tasks ran."""
        handlers, ran = self.app.use_cases.task_handlers(), 0
        table = TaskTable(self.app.runtime.engine, "", 30.0, frozenset())
        while tasks := table.claim(dict.fromkeys(handlers, 4)):
            for task in tasks:
                handlers[task.kind](task)
                ran += 1
        return ran

    def let_time_pass(self, **by: float) -> None:
        """Move the clock, and what waits for it."""
        self.clock.advance(**by)
        seconds = timedelta(**by).total_seconds()
        with self.app.runtime.engine.begin() as connection:
            connection.execute(text("UPDATE tasks SET run_at = run_at - make_interval(secs => :s)"), {"s": seconds})

    def announce(self, *names: str) -> None:
        for name in names or PARTICIPANTS:
            with self.app.runtime.store.transaction() as tx:
                self.app.use_cases.answers.announce(tx, name, name, f"map of {name}", "{}")

    def receipt(self, request_id: str, name: str, outcome: str = Answer.ERASED, message: str = "") -> None:
        with self.app.runtime.store.transaction() as tx:
            self.app.use_cases.answers.receipt(tx, name, message or f"r-{name}", request_id, x.receipt(name, outcome))

    def scan(self, request_id: str, name: str, residue: int = 0, message: str = "") -> None:
        with self.app.runtime.store.transaction() as tx:
            self.app.use_cases.answers.scan(tx, name, message or f"s-{name}", request_id, x.scan(name, residue))

    def erase_everywhere(self, request_id: str) -> None:
        """All participants do their duty, and the certificate is written."""
        for name in ("assets", "render", "billing", "privacy", "identity"):
            self.receipt(request_id, name)
        for name in PARTICIPANTS:
            self.scan(request_id, name)
        self.run_tasks()

    def write_part(self, request_id: str, name: str, entries: Iterable[Entry] = (), damage: bool = False) -> None:
        """What a participant does with an export request, without the bus."""
        asked = next(event for event in self.history(request_id) if isinstance(event, ExportAsked))
        files, records, attempt = [], 0, new_attempt()
        for n, piece in enumerate(pieces(pack(entries), 64 * 1024), start=1):
            part = part_name(n, attempt)
            self.app.use_cases.exports.account_to_upload_for(request_id, name, part)
            sealed = b"".join(seal_part(asked.public_key, piece, binding(request_id, name, part)))
            stored = sealed[:-1] + bytes([sealed[-1] ^ 1]) if damage else sealed
            self._put(asked.account_id, part_id(request_id, name, part), stored)
            files.append(PartFile(part, _sha256(sealed), len(sealed)))
        with self.app.runtime.store.transaction() as tx:
            self.app.use_cases.answers.part(tx, name, f"p-{name}", request_id, Part(name, tuple(files), records))

    def _put(self, account_id: str, object_id: str, sealed: bytes) -> None:
        self.app.objects.bucket.put(object_name(account_id, PARTS, object_id), BytesIO(sealed), b"")


def _sha256(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def live_events(response: TestResponse) -> list[tuple[str, str, dict[str, Any]]]:
    """(id, event, data) of a server-sent stream."""
    events = []
    for block in response.get_data(as_text=True).split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in lines:
            events.append((lines["id"], lines["event"], json.loads(lines["data"])))
    return events
