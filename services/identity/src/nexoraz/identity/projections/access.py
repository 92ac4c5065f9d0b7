"""Which tokens does this service itself accept? The same tables that every other service fills from the bus."""

import json

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.identity.domain.session import SessionRevoked
from nexoraz.identity.domain.signing_key import SigningKeyPublished
from nexoraz.service.auth import remember_key, revoke


class OwnAccess:
    """identity does not wait for its own messages: keys and revocations hold from the commit that makes them."""

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case SigningKeyPublished(kid, public_jwk, _, not_after):
                remember_key(connection_of(tx), kid, json.loads(public_jwk), not_after)
            case SessionRevoked(session_id):
                revoke(connection_of(tx), session_id)
