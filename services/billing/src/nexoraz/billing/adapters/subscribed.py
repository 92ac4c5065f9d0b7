"""What billing listens to: its own narrow views of the others' facts, and what it does about each."""

import json
from collections.abc import Mapping
from datetime import datetime

from nexoraz.billing.application import policies
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.service.auth import remember_key, revoke


class RenderRequested(Foreign, frozen=True):
    """credits: what the job will cost."""

    source = "nexoraz.render.render-requested.v1"
    account_id: str
    job_id: str
    credits: int


class RenderCompleted(Foreign, frozen=True):
    source = "nexoraz.render.render-completed.v1"
    account_id: str
    job_id: str


class RenderFailed(Foreign, frozen=True):
    source = "nexoraz.render.render-failed.v1"
    account_id: str
    job_id: str


class SigningKeyPublished(Foreign, frozen=True):
    source = "nexoraz.identity.signing-key-published.v1"
    kid: str
    public_jwk: str
    not_after: datetime


class SessionRevoked(Foreign, frozen=True):
    source = "nexoraz.identity.session-revoked.v1"
    session_id: str


def on_render_requested(tx: Transaction, received: Received) -> None:
    asked: RenderRequested = received.data
    policies.reserve_credits_on_render_requested(tx, asked.account_id, asked.job_id, asked.credits)


def on_render_completed(tx: Transaction, received: Received) -> None:
    policies.spend_credits_on_render_completed(tx, received.data.account_id, received.data.job_id)


def on_render_failed(tx: Transaction, received: Received) -> None:
    policies.release_credits_on_render_failed(tx, received.data.account_id, received.data.job_id)


def on_signing_key_published(tx: Transaction, received: Received) -> None:
    key: SigningKeyPublished = received.data
    remember_key(connection_of(tx), key.kid, json.loads(key.public_jwk), key.not_after)


def on_session_revoked(tx: Transaction, received: Received) -> None:
    revoke(connection_of(tx), received.data.session_id)


HANDLERS: Mapping[type[Foreign], Handler] = {
    RenderRequested: on_render_requested,
    RenderCompleted: on_render_completed,
    RenderFailed: on_render_failed,
    SigningKeyPublished: on_signing_key_published,
    SessionRevoked: on_session_revoked,
}
