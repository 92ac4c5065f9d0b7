"""What render listens to: its own narrow views of the others' facts, and what it does about each."""

from collections.abc import Mapping

from nexoraz.events.access import access_handlers
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
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


class PhotoRestored(Foreign, frozen=True):
    source = "nexoraz.assets.photo-restored.v1"
    account_id: str
    photo_id: str


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
        PhotoRestored: on_photo_uploaded,
        **access_handlers(remember_key, revoke),
    }


def on_photo_uploaded(tx: Transaction, received: Received) -> None:
    if not tx.is_erased(received.data.account_id):
        remember_photo(tx, received.data.account_id, received.data.photo_id)


def on_photo_deleted(tx: Transaction, received: Received) -> None:
    forget_photo(tx, received.data.account_id, received.data.photo_id)
