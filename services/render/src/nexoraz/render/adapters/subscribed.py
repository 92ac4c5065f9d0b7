"""What render listens to: its own narrow views of the others' facts, and what it does about each."""

import json
from collections.abc import Mapping
from datetime import datetime

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.render.application.policies import Policies
from nexoraz.render.projections.photos import forget_photo, remember_photo
from nexoraz.service.auth import remember_key, revoke


class CreditsReserved(Foreign, frozen=True):
    source = "nexoraz.billing.credits-reserved.v1"
    account_id: str
    job_id: str


class CreditsRefused(Foreign, frozen=True):
    source = "nexoraz.billing.credits-refused.v1"
    account_id: str
    job_id: str


class PhotoUploaded(Foreign, frozen=True):
    source = "nexoraz.assets.photo-uploaded.v1"
    account_id: str
    photo_id: str


class PhotoDeleted(Foreign, frozen=True):
    source = "nexoraz.assets.photo-deleted.v1"
    account_id: str
    photo_id: str


class SigningKeyPublished(Foreign, frozen=True):
    source = "nexoraz.identity.signing-key-published.v1"
    kid: str
    public_jwk: str
    not_after: datetime


class SessionRevoked(Foreign, frozen=True):
    source = "nexoraz.identity.session-revoked.v1"
    session_id: str


def handlers(policies: Policies) -> Mapping[type[Foreign], Handler]:
    """Each view and what happens on it."""

    def on_credits_reserved(tx: Transaction, received: Received) -> None:
        policies.run_render_on_credits_reserved(tx, received.data.account_id, received.data.job_id)

    def on_credits_refused(tx: Transaction, received: Received) -> None:
        policies.fail_render_on_credits_refused(tx, received.data.account_id, received.data.job_id)

    return {
        CreditsReserved: on_credits_reserved,
        CreditsRefused: on_credits_refused,
        PhotoUploaded: on_photo_uploaded,
        PhotoDeleted: on_photo_deleted,
        SigningKeyPublished: on_signing_key_published,
        SessionRevoked: on_session_revoked,
    }


def on_photo_uploaded(tx: Transaction, received: Received) -> None:
    if not tx.is_erased(received.data.account_id):
        remember_photo(tx, received.data.account_id, received.data.photo_id)


def on_photo_deleted(tx: Transaction, received: Received) -> None:
    forget_photo(tx, received.data.account_id, received.data.photo_id)


def on_signing_key_published(tx: Transaction, received: Received) -> None:
    key: SigningKeyPublished = received.data
    remember_key(connection_of(tx), key.kid, json.loads(key.public_jwk), key.not_after)


def on_session_revoked(tx: Transaction, received: Received) -> None:
    revoke(connection_of(tx), received.data.session_id)
