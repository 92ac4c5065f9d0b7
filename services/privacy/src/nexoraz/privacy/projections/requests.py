"""Where does each request stand, and whose is it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.application.streams import request_id_of
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.refusals import RequestAlreadyActive
from nexoraz.privacy.domain.vocabulary import RequestType, State
from nexoraz.privacy.projections.tables import ACCOUNT_REQUESTS, ARCHIVES, REQUEST_TOKENS, REQUESTS


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as lists show it. `version`: of its history, which is also the id of its latest live event."""

    id: str
    type: str
    state: str
    version: int
    received_at: datetime
    deadline_at: datetime
    grace_until: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


class RequestRecords:
    """Keeps one row per request, without saying whose it is."""

    tables = (REQUESTS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        request_id = request_id_of(recorded.stream)
        if request_id is None:
            return
        if isinstance(recorded.event, e.RequestReceived):
            self._receive(tx, recorded.event)
            return
        values = {"version": recorded.version, **_changes(recorded.event)}
        connection_of(tx).execute(update(REQUESTS).where(REQUESTS.c.id == request_id).values(**values))

    def _receive(self, tx: Transaction, event: e.RequestReceived) -> None:
        row: dict[str, Any] = {"id": event.request_id, "type": event.type, "state": State.GRACE, "version": 1}
        row |= {"received_at": event.at, "deadline_at": event.deadline_at}
        connection_of(tx).execute(insert(REQUESTS).values(**row))


def _changes(event: object) -> dict[str, Any]:  # noqa: PLR0911 - one return per kind of event
    match event:
        case e.GraceStarted():
            return {"grace_until": event.until}
        case e.DeadlineExtended():
            return {"deadline_at": event.until}
        case e.RequestStarted():
            return {"state": State.RUNNING, "started_at": event.at}
        case e.RequestWithdrawn():
            return {"state": State.WITHDRAWN, "ended_at": event.at}
        case e.RequestDenied():
            return {"state": State.DENIED, "ended_at": event.at}
        case e.RequestCompleted():
            return {"state": event.outcome, "ended_at": event.at}
        case _:
            return {}


class AccountRequests:
    """Keeps whose a request is, for as long as the account lives, and that only one of a type is active."""

    tables = (ACCOUNT_REQUESTS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        """Raises RequestAlreadyActive for the slower one of two requests."""
        match recorded.event:
            case e.RequestReceived() as event:
                self._receive(tx, event)
            case e.RequestWithdrawn() | e.RequestDenied() | e.RequestCompleted() as event:
                own = ACCOUNT_REQUESTS.c.request_id == event.request_id
                connection_of(tx).execute(update(ACCOUNT_REQUESTS).where(own).values(active=False))
            case _:
                return

    def _receive(self, tx: Transaction, event: e.RequestReceived) -> None:
        if tx.is_erased(event.account_id):
            return
        row: dict[str, Any] = {"request_id": event.request_id, "account_id": event.account_id, "type": event.type}
        row |= {"received_at": event.at, "active": True}
        attempt = upsert(ACCOUNT_REQUESTS).values(**row).on_conflict_do_nothing()
        kept = connection_of(tx).execute(attempt.returning(ACCOUNT_REQUESTS.c.request_id)).first()
        if kept is None:
            raise RequestAlreadyActive(active_request(connection_of(tx), event.account_id, event.type) or "")


class SqlRequestBook:
    """The port RequestBook on privacy's tables."""

    def lock_account(self, tx: Transaction, account_id: str) -> None:
        connection_of(tx).execute(select(func.pg_advisory_xact_lock(func.hashtextextended(account_id, 7_265_901))))

    def active(self, tx: Transaction, account_id: str, type_: RequestType) -> str | None:
        return active_request(connection_of(tx), account_id, type_)

    def owners(self, tx: Transaction, request_ids: Sequence[str]) -> dict[str, str]:
        t = ACCOUNT_REQUESTS
        query = select(t.c.request_id, t.c.account_id).where(t.c.request_id.in_(request_ids)).order_by(t.c.request_id)
        rows = connection_of(tx).execute(query.with_for_update(read=True))
        return {row.request_id: row.account_id for row in rows}

    def remember_token(self, tx: Transaction, request_id: str, token_hash: str) -> None:
        connection_of(tx).execute(insert(REQUEST_TOKENS).values(token_hash=token_hash, request_id=request_id))

    def token_hash(self, tx: Transaction, request_id: str) -> str:
        known = select(REQUEST_TOKENS.c.token_hash).where(REQUEST_TOKENS.c.request_id == request_id).limit(1)
        return connection_of(tx).execute(known).scalar() or ""

    def keep_archive(self, tx: Transaction, request_id: str, account_id: str, size: int, expires_at: datetime) -> None:
        row: dict[str, Any] = {"request_id": request_id, "account_id": account_id, "size": size}
        connection_of(tx).execute(upsert(ARCHIVES).values(expires_at=expires_at, **row).on_conflict_do_nothing())

    def drop_archive(self, tx: Transaction, request_id: str) -> None:
        connection_of(tx).execute(delete(ARCHIVES).where(ARCHIVES.c.request_id == request_id))


def active_request(connection: Connection, account_id: str, type_: str) -> str | None:
    """The id of the account's active request of that type."""
    table = ACCOUNT_REQUESTS
    query = select(table.c.request_id).where(table.c.account_id == account_id, table.c.type == type_, table.c.active)
    return connection.execute(query).scalar()


def belongs_to(connection: Connection, request_id: str, account_id: str) -> bool:
    """Whether the request is this account's; an erased account has none."""
    table = ACCOUNT_REQUESTS
    query = select(table.c.request_id).where(table.c.request_id == request_id, table.c.account_id == account_id)
    return connection.execute(query).first() is not None


def request_of_token(connection: Connection, token_hash: str) -> str | None:
    """The request that this capability opens."""
    query = select(REQUEST_TOKENS.c.request_id).where(REQUEST_TOKENS.c.token_hash == token_hash)
    return connection.execute(query).scalar()


def progress_of(connection: Connection, request_id: str) -> tuple[int, bool]:
    """The version of the request's history, 0 when there is none, and whether the request has ended."""
    query = select(REQUESTS.c.version, REQUESTS.c.ended_at).where(REQUESTS.c.id == request_id)
    row = connection.execute(query).first()
    return (row.version, row.ended_at is not None) if row else (0, False)


def requests_of(
    connection: Connection, account_id: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[RequestRecord]:
    """The newest `limit` requests of an account that come after the keyset `before` in newest-first order."""
    own = ACCOUNT_REQUESTS
    query = select(REQUESTS).join(own, own.c.request_id == REQUESTS.c.id).where(own.c.account_id == account_id)
    if before is not None:
        query = query.where(tuple_(own.c.received_at, own.c.request_id) < before)
    rows = connection.execute(query.order_by(own.c.received_at.desc(), own.c.request_id.desc()).limit(limit))
    return [RequestRecord(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """Where an archive is. size: bytes of the zip."""

    account_id: str
    size: int
    expires_at: datetime


def archive_of(connection: Connection, request_id: str) -> StoredArchive | None:
    """The archive of a request while it exists."""
    columns = (ARCHIVES.c.account_id, ARCHIVES.c.size, ARCHIVES.c.expires_at)
    row = connection.execute(select(*columns).where(ARCHIVES.c.request_id == request_id)).first()
    return StoredArchive(*row) if row else None
