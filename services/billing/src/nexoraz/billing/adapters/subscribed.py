"""What billing listens to: its own narrow views of the others' facts, and what it does about each."""

from collections.abc import Mapping

from nexoraz.billing.adapters.payment_facts import remember_region
from nexoraz.billing.application import policies
from nexoraz.events.access import access_handlers
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
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


class RenderCancelled(Foreign, frozen=True):
    source = "nexoraz.render.render-cancelled.v1"
    account_id: str
    job_id: str


class AccountVerified(Foreign, frozen=True):
    source = "nexoraz.identity.account-verified.v1"
    account_id: str
    region: str


def on_account_verified(tx: Transaction, received: Received) -> None:
    remember_region(tx, received.data.account_id, received.data.region)


def on_render_requested(tx: Transaction, received: Received) -> None:
    asked: RenderRequested = received.data
    policies.reserve_credits_on_render_requested(tx, asked.account_id, asked.job_id, asked.credits)


def on_render_completed(tx: Transaction, received: Received) -> None:
    policies.spend_credits_on_render_completed(tx, received.data.account_id, received.data.job_id)


def on_render_failed(tx: Transaction, received: Received) -> None:
    policies.release_credits_on_render_failed(tx, received.data.account_id, received.data.job_id)


def on_render_cancelled(tx: Transaction, received: Received) -> None:
    policies.release_credits_on_render_cancelled(tx, received.data.account_id, received.data.job_id)


HANDLERS: Mapping[type[Foreign], Handler] = {
    AccountVerified: on_account_verified,
    RenderRequested: on_render_requested,
    RenderCompleted: on_render_completed,
    RenderFailed: on_render_failed,
    RenderCancelled: on_render_cancelled,
    **access_handlers(remember_key, revoke),
}
