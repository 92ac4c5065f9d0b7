"""What assets listens to: its own narrow views of the others' facts, and what it does about each."""

import json
from collections.abc import Mapping
from datetime import datetime

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.service.auth import remember_key, revoke


class SigningKeyPublished(Foreign, frozen=True):
    source = "nexoraz.identity.signing-key-published.v1"
    kid: str
    public_jwk: str
    not_after: datetime


class SessionRevoked(Foreign, frozen=True):
    source = "nexoraz.identity.session-revoked.v1"
    session_id: str


def on_signing_key_published(tx: Transaction, received: Received) -> None:
    key: SigningKeyPublished = received.data
    remember_key(connection_of(tx), key.kid, json.loads(key.public_jwk), key.not_after)


def on_session_revoked(tx: Transaction, received: Received) -> None:
    revoke(connection_of(tx), received.data.session_id)


HANDLERS: Mapping[type[Foreign], Handler] = {
    SigningKeyPublished: on_signing_key_published,
    SessionRevoked: on_session_revoked,
}
