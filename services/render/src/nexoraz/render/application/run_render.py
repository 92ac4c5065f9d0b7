"""Rendering one admitted job: fetch, render, store, record. Runs at least once; has its effect once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, uuid5

import msgspec

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, EventStore, VersionConflict, execute, handle, load
from nexoraz.events.tasks import Postpone, Task
from nexoraz.render.application.ports import (
    Engine,
    EngineStopped,
    Outputs,
    OutputsUnavailable,
    PhotoGone,
    Photos,
    PhotosUnavailable,
    Picture,
    RenderRefused,
    Tasks,
)
from nexoraz.render.domain.commands import AdvanceRender, Command, CompleteRender, FailRender
from nexoraz.render.domain.job import JOB, Job, JobCancelled, State, job_stream
from nexoraz.render.presets.wanted import Wanted

RENDER = "render"
MAX_PHOTO_BYTES = 80_000_000
"""Photos that are heavier are refused; what assets takes in by default is no heavier."""
OUTAGE_S = 15.0
"""Seconds until a render is tried again after an outage."""
MAX_ATTEMPTS = 6
"""Attempts at what is neither the photo's fault nor an outage; then the job fails and its credits are released."""
GAVE_UP = "renderer-unavailable"


@dataclass(frozen=True, slots=True)
class RunRender:
    """The task handler of `render`; the task's key is the job."""

    store: EventStore
    tasks: Tasks
    photos: Photos
    engine: Engine
    outputs: Outputs
    clock: Callable[[], datetime]

    def __call__(self, task: Task) -> None:
        """Returns when the job ended or the account is gone. Raises what is worth another attempt, and Postpone where
        this attempt shall not count. A job that was cancelled stops at the engine's next stage, and keeps no picture,
        whichever attempt made it: its task is done when the picture is deleted."""
        try:
            self._run(task)
        except PhotoGone:
            self._end(task, FailRender(task.key, "photo-not-found", self.clock()))
        except RenderRefused as refusal:
            self._end(task, FailRender(task.key, refusal.reason, self.clock(), refusal.facts))
        except (PhotosUnavailable, OutputsUnavailable) as outage:
            raise Postpone(type(outage).__name__, OUTAGE_S) from outage
        except EngineStopped as stopped:
            raise Postpone("EngineStopped", 0.0) from stopped
        except Exception:
            if task.attempts < MAX_ATTEMPTS:
                raise
            self._end(task, FailRender(task.key, GAVE_UP, self.clock()))

    def _run(self, task: Task) -> None:
        try:
            self._render(task)
        except (AccountErased, KeyDestroyed, JobCancelled):
            self.outputs.delete(task.account_id, _output_id(task.key))

    def _render(self, task: Task) -> None:
        job = self._load(task)
        if job.state is State.CANCELLED:
            raise JobCancelled(task.key)
        if job.state is not State.RUNNING:
            return
        photo = self.photos.fetch(task.account_id, job.photo_id, MAX_PHOTO_BYTES)
        wanted = msgspec.convert(job.wanted, Wanted)
        picture = self.engine.render(
            photo, job.preset, lambda stage, percent: self._advance(task, stage, percent), wanted
        )
        output_id = _output_id(task.key)
        size = self.outputs.put(task.account_id, output_id, picture.data)
        self._end(task, _complete(task.key, output_id, picture, size, self.clock()))

    def _load(self, task: Task) -> Job:
        with self.store.transaction() as tx:
            return load(tx, JOB, job_stream(task.key, task.account_id))[0]

    def _advance(self, task: Task, stage: str, percent: int) -> None:
        stream = job_stream(task.key, task.account_id)
        handle(self.store, JOB, stream, AdvanceRender(task.key, stage, percent))

    def _end(self, task: Task, command: Command) -> None:
        """The end of the job and of its task in one commit."""
        for last in (False, False, True):
            try:
                with self.store.transaction() as tx:
                    execute(tx, JOB, job_stream(task.key, task.account_id), command)
                    self.tasks.complete(tx, task)
                return
            except VersionConflict:
                if last:
                    raise


def _output_id(job_id: str) -> str:
    """One name per job, so that a second attempt replaces the first one's picture."""
    return str(uuid5(NAMESPACE_OID, job_id))


def _complete(job_id: str, output_id: str, picture: Picture, size: int, at: datetime) -> CompleteRender:
    return CompleteRender(
        job_id=job_id,
        output_id=output_id,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=size,
        engine=picture.engine,
        fallback=picture.fallback,
        at=at,
    )
