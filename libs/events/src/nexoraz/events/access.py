"""Who may call a service: identity's keys and sign-outs as every other service takes them, and where it keeps them.

The kernel knows no process, so what remembers and what refuses is given by the service (`nexoraz.service.auth`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, func

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.declarations import Holding, TableHolding, Unlinked
from nexoraz.events.rules import Term
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction


class SigningKeyPublished(Foreign, frozen=True):
    """public_jwk: RFC 8037, as JSON text."""

    source = "nexoraz.identity.signing-key-published.v1"
    kid: str
    public_jwk: str
    not_after: datetime


class SessionRevoked(Foreign, frozen=True):
    source = "nexoraz.identity.session-revoked.v1"
    session_id: str


def access_handlers(
    remember: Callable[[Connection, str, dict[str, Any], datetime], None], refuse: Callable[[Connection, str], None]
) -> Mapping[type[Foreign], Handler]:
    """Keep each key that signs tokens; refuse the tokens of each session that ended."""

    def on_signing_key_published(tx: Transaction, received: Received) -> None:
        key: SigningKeyPublished = received.data
        remember(connection_of(tx), key.kid, json.loads(key.public_jwk), key.not_after)

    def on_session_revoked(tx: Transaction, received: Received) -> None:
        refuse(connection_of(tx), received.data.session_id)

    return {SigningKeyPublished: on_signing_key_published, SessionRevoked: on_session_revoked}


DAY = timedelta(days=1)


def access_holdings(answers: Table, refused: Table, counted: Table, keys: Table) -> list[Holding]:
    """What a service holds only because it answers requests: answers kept to be given again, tokens that are refused,
    how much was asked, and the keys that tokens are checked with. Refusals stay a day after an erasure, so that the
    tokens of the erased open nothing; a key stays a day after its end, when no token that it signed is valid."""
    return [
        TableHolding(
            answers,
            category="user.behavior",
            retention="one-day",
            term=Term(answers.c.created_at, DAY),
            present=None,
            reason="copies of answers, gone after a day",
            transient=True,
        ),
        Unlinked(
            refused,
            "refuses the tokens of the erased, gone after a day",
            searched=False,
            retention="token-refusal",
            term=Term(refused.c.at, DAY),
        ),
        Unlinked(
            counted,
            "keyed hashes of who asked how much",
            retention="request-counts",
            term=Term(func.to_timestamp(counted.c.ends_at)),
        ),
        Unlinked(keys, "identity's public keys", retention="verification-keys", term=Term(keys.c.not_after, DAY)),
    ]
