"""Which renders has this account asked for, how far is each, and where is its picture?"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Row, bindparam, insert, select, tuple_, update

from nexoraz.events.append import Driver
from nexoraz.events.event import Recorded
from nexoraz.events.prepared import Prepared
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.render.domain.events import (
    RenderAdmitted,
    RenderAdvanced,
    RenderCancelled,
    RenderCompleted,
    RenderFailed,
    RenderRequested,
    RenderRetried,
)
from nexoraz.render.projections.tables import JOBS


@dataclass(frozen=True, slots=True)
class JobRecord:
    """state: requested, running, completed, failed or cancelled. percent: 0 to 100. version: of the job's stream, for
    ETags. The fields of the output are None until it is there. retry_of, retried_by: the job whose place it took, and
    the one that took its place. wanted: how the file shall be, where that was said."""

    id: str
    account_id: str
    photo_id: str
    preset: str
    credits: int
    requested_at: datetime
    version: int
    state: str = "requested"
    stage: str = ""
    percent: int = 0
    reason: str = ""
    facts: dict[str, float] = field(default_factory=dict)
    ended_at: datetime | None = None
    output_id: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None
    engine: str | None = None
    fallback: bool | None = None
    batch_id: str | None = None
    attempt: int = 1
    retry_of: str | None = None
    retried_by: str | None = None
    wanted: dict[str, str | int] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.ended_at is not None


_COLUMNS = [column.name for column in fields(JobRecord)]
_INSERT = Prepared(insert(JOBS), _COLUMNS)
_FIND = Prepared(
    select(*(JOBS.c[name] for name in _COLUMNS)).where(
        JOBS.c.id == bindparam("job_id"), JOBS.c.account_id == bindparam("owner")
    )
)


def columns(job: JobRecord) -> dict[str, Any]:
    """The record's values by their names."""
    return {name: getattr(job, name) for name in _COLUMNS}


class Jobs:
    """Applies job events to one row per job."""

    tables = (JOBS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event, version = recorded.event, recorded.version
        match event:
            case RenderRequested():
                row = columns(requested(event, version))
                _INSERT.run(connection_of(tx), **row | {name: Jsonb(row[name]) for name in ("facts", "wanted")})
            case RenderAdmitted():
                self._change(tx, event.job_id, version, state="running")
            case RenderAdvanced():
                self._change(tx, event.job_id, version, stage=event.stage, percent=event.percent)
            case RenderCompleted():
                self._change(tx, event.job_id, version, state="completed", percent=100, **_output(event))
            case RenderFailed():
                self._change(tx, event.job_id, version, state="failed", **_failure(event))
            case RenderCancelled():
                self._change(tx, event.job_id, version, state="cancelled", ended_at=event.cancelled_at)
            case RenderRetried():
                self._change(tx, event.job_id, version, retried_by=event.retry_id)
            case _:
                return

    def _change(self, tx: Transaction, job_id: str, version: int, **values: object) -> None:
        connection_of(tx).execute(update(JOBS).where(JOBS.c.id == job_id).values(version=version, **values))


def requested(event: RenderRequested, version: int) -> JobRecord:
    """The job as it begins."""
    return JobRecord(
        id=event.job_id,
        account_id=event.account_id,
        photo_id=event.photo_id,
        preset=event.preset,
        credits=event.credits,
        requested_at=event.requested_at,
        version=version,
        batch_id=event.batch_id or None,
        attempt=event.attempt,
        retry_of=event.retry_of or None,
        wanted=event.wanted,
    )


def _failure(event: RenderFailed) -> dict[str, object]:
    return {"reason": event.reason, "facts": event.facts, "ended_at": event.failed_at}


def _output(event: RenderCompleted) -> dict[str, object]:
    return {
        "ended_at": event.completed_at,
        "output_id": event.output_id,
        "media_type": event.media_type,
        "width": event.width,
        "height": event.height,
        "size": event.size,
        "engine": event.engine,
        "fallback": event.fallback,
    }


EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif"}


def output_name(preset: str, output_id: str, media_type: str) -> str:
    """What the person's computer shall call the picture."""
    return f"{preset}-{output_id[:8]}.{EXTENSIONS.get(media_type, 'bin')}"


def find_job(connection: Connection | Driver, account_id: str, job_id: str) -> JobRecord | None:
    """None for an unknown job and for another person's alike."""
    row = _FIND.first(connection, job_id=job_id, owner=account_id)
    return JobRecord(*row) if row else None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are looked for; None asks for nothing. since, until: when it was asked for, the latter exclusive."""

    photo_id: str | None = None
    preset: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def jobs_of(
    connection: Connection, account_id: str, wanted: Filter, before: tuple[datetime, str] | None, limit: int
) -> Sequence[JobRecord]:
    """The newest `limit` jobs that come after the keyset `before` in newest-first order."""
    query = select(JOBS).where(JOBS.c.account_id == account_id)
    for name in ("photo_id", "preset", "state"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(JOBS.c[name] == value)
    if wanted.since is not None:
        query = query.where(JOBS.c.requested_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(JOBS.c.requested_at < wanted.until)
    if before is not None:
        query = query.where(tuple_(JOBS.c.requested_at, JOBS.c.id) < before)
    rows = connection.execute(query.order_by(JOBS.c.requested_at.desc(), JOBS.c.id.desc()).limit(limit))
    return [_record(row) for row in rows]


def jobs_of_batch(connection: Connection, account_id: str, batch_id: str) -> Sequence[JobRecord]:
    """Every job that was asked for in a batch, and those that took the place of failed ones; none for an unknown batch
    and for another person's alike."""
    query = select(JOBS).where(JOBS.c.account_id == account_id, JOBS.c.batch_id == batch_id)
    return [_record(row) for row in connection.execute(query.order_by(JOBS.c.requested_at, JOBS.c.id))]


def _record(row: Row[tuple[object, ...]]) -> JobRecord:
    return JobRecord(**row._mapping)
