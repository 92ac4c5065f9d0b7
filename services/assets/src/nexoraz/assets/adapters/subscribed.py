"""What assets listens to: its own narrow views of the others' facts, and what it does about each."""

from collections.abc import Mapping

from nexoraz.events.access import access_handlers
from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign
from nexoraz.service.auth import remember_key, revoke

HANDLERS: Mapping[type[Foreign], Handler] = {
    **access_handlers(remember_key, revoke),
}
