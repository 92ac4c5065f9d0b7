"""Which renders has this account asked for, how far is each, and where is its picture?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, tuple_, update

from nexoraz.events.event import Recorded
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.render.domain.events import (
    RenderAdmitted,
    RenderAdvanced,
    RenderCompleted,
    RenderFailed,
    RenderRequested,
)
from nexoraz.render.projections.tables import JOBS


@dataclass(frozen=True, slots=True)
class JobRecord:
    """state: requested, running, completed or failed. percent: 0 to 100. version: of the job's stream, for ETags.
    The fields of the output are None until it is there."""

    id: str
    account_id: str
    photo_id: str
    preset: str
    credits: int
    state: str
    stage: str
    percent: int
    reason: str
    facts: dict[str, float]
    requested_at: datetime
    ended_at: datetime | None
    output_id: str | None
    media_type: str | None
    width: int | None
    height: int | None
    size: int | None
    engine: str | None
    fallback: bool | None
    version: int

    @property
    def ended(self) -> bool:
        return self.ended_at is not None


class Jobs:
    """Applies job events to one row per job."""

    tables = (JOBS,)

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        event, version = recorded.event, recorded.version
        match event:
            case RenderRequested():
                row = _request(event) | {"id": event.job_id, "state": "requested", "version": version}
                connection_of(tx).execute(insert(JOBS).values(row))
            case RenderAdmitted():
                self._change(tx, event.job_id, version, state="running")
            case RenderAdvanced():
                self._change(tx, event.job_id, version, stage=event.stage, percent=event.percent)
            case RenderCompleted():
                self._change(tx, event.job_id, version, state="completed", percent=100, **_output(event))
            case RenderFailed():
                self._change(tx, event.job_id, version, state="failed", **_failure(event))
            case _:
                return

    def _change(self, tx: Transaction, job_id: str, version: int, **values: object) -> None:
        connection_of(tx).execute(update(JOBS).where(JOBS.c.id == job_id).values(version=version, **values))


def _request(event: RenderRequested) -> dict[str, object]:
    return {
        "account_id": event.account_id,
        "photo_id": event.photo_id,
        "preset": event.preset,
        "credits": event.credits,
        "requested_at": event.requested_at,
    }


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


def find_job(connection: Connection, account_id: str, job_id: str) -> JobRecord | None:
    """None for an unknown job and for another person's alike."""
    row = connection.execute(select(JOBS).where(JOBS.c.id == job_id, JOBS.c.account_id == account_id)).first()
    return _record(row) if row else None


def jobs_of(
    connection: Connection, account_id: str, before: tuple[datetime, str] | None, limit: int
) -> Sequence[JobRecord]:
    """The newest `limit` jobs that come after the keyset `before` in newest-first order."""
    query = select(JOBS).where(JOBS.c.account_id == account_id)
    if before is not None:
        query = query.where(tuple_(JOBS.c.requested_at, JOBS.c.id) < before)
    rows = connection.execute(query.order_by(JOBS.c.requested_at.desc(), JOBS.c.id.desc()).limit(limit))
    return [_record(row) for row in rows]


def _record(row: Row[tuple[object, ...]]) -> JobRecord:
    return JobRecord(**row._mapping)
