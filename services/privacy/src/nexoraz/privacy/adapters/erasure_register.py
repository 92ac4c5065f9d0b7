"""Who was asked to erase whom: what a service that was restored has to be told (nexoraz.events.restoration)."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from sqlalchemy import or_, select

from nexoraz.events.restoration import Answer, Asked, Question
from nexoraz.events.rpc import RpcRefused
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.store import load
from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import RequestType, State
from nexoraz.privacy.projections.tables import REQUESTS

PAGE = 200
NEVER_RAN = (State.GRACE, State.WITHDRAWN, State.DENIED)


class ErasureRegister:
    """For privacy itself an ErasureRegister; for the others what answers nexoraz.events.restoration.SUBJECT."""

    def __init__(self, store: SqlEventStore, service: str) -> None:
        self._store = store
        self._service = service

    def __call__(self, asker: str, payload: bytes) -> bytes:
        try:
            question = msgspec.json.decode(payload, type=Question)
        except msgspec.MsgspecError:
            raise RpcRefused("malformed") from None
        return msgspec.json.encode(Answer(self.page(asker, question)))

    def asked(self, since: datetime) -> Iterator[Asked]:
        after = ""
        while page := self.page(self._service, Question(since, after)):
            yield from page
            after = page[-1].request_id

    def page(self, participant: str, question: Question) -> list[Asked]:
        """The next that were asked of the participant; empty at the end."""
        after = question.after
        while ids := self._ids(question.since, after):
            found = [asked for id_ in ids if (asked := self._asked(participant, id_)) is not None]
            if found:
                return found
            after = ids[-1]
        return []

    def _ids(self, since: datetime, after: str) -> list[str]:
        r = REQUESTS.c
        ran = (r.type == RequestType.ERASURE) & r.state.not_in(NEVER_RAN)
        recent = or_(r.ended_at.is_(None), r.ended_at >= since)
        with self._store.engine.connect() as connection:
            query = select(r.id).where(ran, recent, r.id > after).order_by(r.id).limit(PAGE)
            return list(connection.scalars(query))

    def _asked(self, participant: str, request_id: str) -> Asked | None:
        with self._store.transaction() as tx:
            state, _ = load(tx, request, request_stream(request_id))
        return Asked(request_id, state.account_id) if participant in state.asked else None
