"""Who takes part, what does each hold, and which of its key epochs are over?"""

import json
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.domain.events import KeyEpochEnded, ParticipantAnnounced
from nexoraz.privacy.projections.tables import KEY_EPOCHS, PARTICIPANTS


class Participants:
    """Keeps the latest announcement of each participant. It is also the port Roster."""

    tables = (PARTICIPANTS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, ParticipantAnnounced):
            return
        said: dict[str, Any] = {"data_map_hash": event.data_map_hash, "announced_at": event.at}
        said["data_map"] = json.loads(event.data_map)
        statement = upsert(PARTICIPANTS).values(name=event.participant, **said)
        connection_of(tx).execute(statement.on_conflict_do_update(index_elements=["name"], set_=said))

    def announced(self, tx: Transaction) -> frozenset[str]:
        """The names of all participants that have announced themselves."""
        return frozenset(connection_of(tx).scalars(select(PARTICIPANTS.c.name)))


class KeyEpochs:
    """Keeps how each key epoch of each participant ended."""

    tables = (KEY_EPOCHS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, KeyEpochEnded):
            return
        said: dict[str, Any] = {"destroyed_at": event.destroyed_at, "attested_at": event.attested_at}
        statement = upsert(KEY_EPOCHS).values(participant=event.participant, epoch=event.epoch, **said)
        connection_of(tx).execute(statement.on_conflict_do_nothing())


def announced_data_maps(connection: Connection) -> list[dict[str, Any]]:
    """What each participant says that it holds; one that declared nothing says nothing here."""
    rows = connection.scalars(select(PARTICIPANTS.c.data_map).order_by(PARTICIPANTS.c.name))
    return [dict(data_map) for data_map in rows if data_map]
