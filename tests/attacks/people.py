"""Those whose data is attacked, and those who attack: made once per run, signed in again before their tokens expire."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from nexoraz.service.revocations import forget_key, remember_key
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk
from services.identity.tests.authenticator import Authenticator
from tests.journey.demo import ROOT, sample
from tests.journey.person import Person, Refused, until
from tests.journey.running import RunningSuite

FRESH_S = 240.0
"""A token lives ten minutes, a sign-in counts as recent for at least five."""
GUARDED = {
    "identity": "/v1/identity/profile",
    "assets": "/v1/assets/photos",
    "render": "/v1/render/jobs",
    "billing": "/v1/billing/balance",
    "privacy": "/v1/privacy/requests",
}
"""An address of each service that needs a sign-in."""


@dataclass
class Somebody:
    """A person and when the token was got. ids: by the name of the parameter of a path."""

    person: Person
    ids: dict[str, str] = field(default_factory=dict)
    request_token: str = ""
    signed_in_at: float = float("-inf")

    def fresh(self) -> "Somebody":
        if time.monotonic() - self.signed_in_at > FRESH_S:
            self.person.sign_in()
            self.signed_in_at = time.monotonic()
        return self

    @property
    def bearer(self) -> str:
        return f"Bearer {self.fresh().person.token}"


def newcomer(suite: RunningSuite) -> Somebody:
    """Registered, verified, signed in."""
    person = suite.person()
    person.register()
    return Somebody(person).fresh()


def owner(suite: RunningSuite) -> Somebody:
    """Somebody with one of everything: session, photo, album, purchase, job, picture, batch, request, archive."""
    somebody = newcomer(suite)
    person = somebody.person
    photo = person.upload(sample())
    purchase = person.buy()
    job = person.ask_render(photo["id"], "marketplace-white")
    batch = person.call("POST", "/v1/render/batches", {"photo_ids": [photo["id"]], "presets": ["cutout-transparent"]})
    album = person.call("POST", "/v1/assets/albums", {"name": "Cups", "photo_ids": [photo["id"]]})
    request = person.call("POST", "/v1/privacy/requests", {"type": "access"})
    person.finished(job["id"])
    path = f"/v1/privacy/requests/{request['id']}"
    until(lambda: True if person.call("GET", path)["state"] == "completed" else None, "the archive was ready")
    session = person.call("GET", "/v1/identity/sessions")["items"][0]
    choice = person.call("POST", "/v1/privacy/consents", {"purpose": "marketing", "given": True})
    receipt = next(each["receipt"] for each in choice["purposes"] if each["receipt"])
    phone = Authenticator(person.places.suite, urlsplit(person.places.suite).hostname or "")
    made = phone.create(person.call("POST", "/v1/identity/passkeys/registration")["publicKey"])
    passkey = person.call("POST", "/v1/identity/passkeys", {"name": "My phone", "credential": made})
    somebody.ids = {
        "passkey_id": passkey["id"],
        "provider": "of-nobody",
        "name": "of-nothing",
        "receipt_id": receipt.rpartition("/")[2],
        **dict.fromkeys(("referral_id", "passkey_id", "hold_id"), str(uuid4())),
        **dict.fromkeys(("name", "provider"), "of-nobody"),
        "token": "of-nobody",
        "version": "1999-01-01",
        "photo_id": photo["id"],
        "album_id": album["id"],
        "purchase_id": purchase["id"],
        "job_id": job["id"],
        "batch_id": batch["id"],
        "preset_id": "of-nobody",
        "request_id": request["id"],
        "session_id": session["id"],
    }
    somebody.request_token = request["token"]
    return somebody


def refused_everywhere(person: Person) -> None:
    """Wait until every service refuses the person's token."""
    for path in GUARDED.values():
        until(lambda path=path: _refused(person, path), f"{path} refused the token")  # type: ignore[misc]


def _refused(person: Person, path: str) -> bool | None:
    try:
        person.call("GET", path)
    except Refused as refused:
        return True if refused.status == 401 else None
    return None


class OwnKey:
    """A signing key that all services trust while the `with` lasts: tokens of any kind can be made with it."""

    def __init__(self, var: Path, port: int) -> None:
        self._layout = Layout(ROOT, var, port)
        self._password = Credentials(self._layout.secrets).get("postgres-admin")
        self.jwk = new_signing_key()

    def trust(self, until_then: "object") -> None:
        for service in SERVICES:
            with self._connect(service) as database:
                remember_key(database, self.jwk["kid"], public_jwk(self.jwk), until_then)  # type: ignore[arg-type]

    def distrust(self) -> None:
        for service in SERVICES:
            with self._connect(service) as database:
                forget_key(database, self.jwk["kid"])

    def _connect(self, service: str) -> psycopg.Connection[tuple[object, ...]]:
        port, name = self._layout.postgres_port, f"nexoraz_{service}"
        return psycopg.connect(host="127.0.0.1", port=port, user="postgres", password=self._password, dbname=name)


__all__ = ["GUARDED", "OwnKey", "Somebody", "TokenClaims", "newcomer", "owner", "refused_everywhere"]
