"""A render, or a batch of them, as it happens: server-sent events."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from flask import Response

from nexoraz.events.event import Event
from nexoraz.render.domain import events as e
from nexoraz.render.domain.job import job_stream
from nexoraz.render.projections.jobs import JobRecord
from nexoraz.render.web.presenting import batch_version, presented_batch
from nexoraz.render.web.studio import Studio
from nexoraz.service.live import Happening, LiveStreams, Look, News
from nexoraz.service.problems import Problem

NAMES: dict[type[Event], str] = {
    e.RenderRequested: "requested",
    e.RenderAdmitted: "running",
    e.RenderAdvanced: "progress",
    e.RenderCompleted: "completed",
    e.RenderFailed: "failed",
    e.RenderCancelled: "cancelled",
    e.RenderRetried: "retried",
}
HIDDEN = ("account_id", "output_id")


class LiveRenders:
    """Serves live streams of jobs and batches; at most `studio.most_watchers` at a time."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._streams = LiveStreams(studio.most_watchers)

    def of_job(self, find: Callable[[], JobRecord]) -> Response:
        """The job's history, and what follows until it ended. The id of an event is its place there."""
        find()
        return self._streams.response(_while_there(lambda after: self._news(find(), after)))

    def of_batch(self, batch_id: str, find: Callable[[], Sequence[JobRecord]]) -> Response:
        """The batch as it is, and again whenever something happened to one of its jobs, until all have ended. The id
        grows with each, so who resumes hears nothing or how it is now."""
        find()

        def look(after: int) -> News:
            jobs = find()
            batch = presented_batch(batch_id, jobs)
            at, ended = batch_version(jobs), batch["state"] == "ended"
            shown = [Happening(at, "ended" if ended else "progress", _brief(batch))] if at > after else []
            return News(max(at, after), ended, shown)

        return self._streams.response(_while_there(look))

    def _news(self, job: JobRecord, after: int) -> News:
        if job.version <= after:
            return News(after, job.ended)
        with self._studio.store.transaction() as tx:
            history = tx.read(job_stream(job.id, job.account_id), after)
        shown = [Happening(each.version, NAMES[type(each.event)], _shown(each.event)) for each in history]
        return News(history[-1].version if history else after, job.ended, shown)


def _while_there(look: Look) -> Look:
    """An erasure in the middle ends the stream."""

    def checked(after: int) -> News:
        try:
            return look(after)
        except Problem:
            return News(after, ended=True)

    return checked


def _shown(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in data.items() if name not in HIDDEN}


def _brief(batch: dict[str, Any]) -> dict[str, Any]:
    jobs = [{name: job[name] for name in ("id", "state", "stage", "percent", "reason")} for job in batch["jobs"]]
    return {name: batch[name] for name in ("id", "state", "percent", "counts")} | {"jobs": jobs}
