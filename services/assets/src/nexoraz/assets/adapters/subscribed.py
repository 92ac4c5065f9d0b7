"""What assets listens to: its own narrow views of the others' facts, and what it does about each."""

from collections.abc import Mapping

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


def on_render_requested(tx: Transaction, received: Received) -> None:
    """The photo is found by its presets, too."""
    asked: RenderRequested = received.data
    if tx.is_erased(asked.account_id) or not file_is_needed(connection_of(tx), asked.account_id, asked.photo_id):
        return
    command = NotePreset(asked.account_id, asked.photo_id, asked.preset)
    execute(tx, RENDERED, rendered_stream(asked.photo_id, asked.account_id), command)


HANDLERS: Mapping[type[Foreign], Handler] = {
    RenderRequested: on_render_requested,
    **access_handlers(remember_key, revoke),
}
