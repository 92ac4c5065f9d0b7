"""What assets listens to: its own narrow views of the others' facts, and what it does about each."""

from collections.abc import Mapping

from nexoraz.assets.domain.quota import PLAN, NotePlan, plan_stream
from nexoraz.assets.domain.rendered import RENDERED, NotePreset, rendered_stream
from nexoraz.assets.projections.photos import file_is_needed
from nexoraz.events.access import access_handlers
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction, execute
from nexoraz.service.auth import remember_key, revoke


class RenderRequested(Foreign, frozen=True):
    source = "nexoraz.render.render-requested.v1"
    account_id: str
    photo_id: str
    preset: str


class PlanChanged(Foreign, frozen=True):
    source = "nexoraz.billing.plan-changed.v1"
    account_id: str
    plan: str


def on_plan_changed(tx: Transaction, received: Received) -> None:
    """The account may keep what that plan allows."""
    changed: PlanChanged = received.data
    if not tx.is_erased(changed.account_id):
        execute(tx, PLAN, plan_stream(changed.account_id), NotePlan(changed.account_id, changed.plan))


def on_render_requested(tx: Transaction, received: Received) -> None:
    """The photo is found by its presets, too."""
    asked: RenderRequested = received.data
    if tx.is_erased(asked.account_id) or not file_is_needed(connection_of(tx), asked.account_id, asked.photo_id):
        return
    command = NotePreset(asked.account_id, asked.photo_id, asked.preset)
    execute(tx, RENDERED, rendered_stream(asked.photo_id, asked.account_id), command)


HANDLERS: Mapping[type[Foreign], Handler] = {
    RenderRequested: on_render_requested,
    PlanChanged: on_plan_changed,
    **access_handlers(remember_key, revoke),
}
