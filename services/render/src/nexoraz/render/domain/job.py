"""One render job: requested, admitted once its credits are reserved, then completed, failed or cancelled: it ends once.

A failed job is tried again by another job that takes its place, so that each job has one reservation, which is settled
once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream
from nexoraz.render.domain.commands import (
    AdmitRender,
    AdvanceRender,
    CancelRender,
    Command,
    CompleteRender,
    FailRender,
    RequestRender,
    RetryRender,
)
from nexoraz.render.domain.events import (
    RenderAdmitted,
    RenderAdvanced,
    RenderCancelled,
    RenderCompleted,
    RenderFailed,
    RenderRequested,
    RenderRetried,
)

MOST_ATTEMPTS = 3
"""How often one picture may be asked for: the first job and those that take the place of a failed one."""


class State(StrEnum):
    """Where a job stands. A job that waits for credits is `requested`."""

    NONE = "none"
    REQUESTED = "requested"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = (State.COMPLETED, State.FAILED, State.CANCELLED)


@dataclass
class JobUnknown(Refused):
    """Something was reported about a job that was never requested here."""

    job_id: str


@dataclass
class JobCancelled(Refused):
    """There is to be no progress and no picture any more: whoever renders stops."""

    job_id: str


@dataclass
class RenderAlreadyEnded(Refused):
    """What has ended cannot be cancelled. state: how it ended."""

    state: State


@dataclass
class RenderNotFailed(Refused):
    """Only what failed is tried again."""

    state: State


@dataclass
class RenderAlreadyRetried(Refused):
    """Another job has taken its place. retried_by: that job."""

    retried_by: str


@dataclass
class RetriesExhausted(Refused):
    """It was asked for as often as it may be."""

    attempts: int
    limit: int


JobEvent = (
    RenderRequested | RenderAdmitted | RenderAdvanced | RenderCompleted | RenderFailed | RenderCancelled | RenderRetried
)


@dataclass(frozen=True, slots=True)
class Job:
    account_id: str = ""
    photo_id: str = ""
    preset: str = ""
    state: State = State.NONE
    stage: str = ""
    attempt: int = 1
    retried_by: str = ""
    wanted: dict[str, str | int] = field(default_factory=dict)


def decide(command: Command, state: Job) -> Sequence[JobEvent]:  # noqa: PLR0911 - one return per command
    match command:
        case RequestRender():
            return _request(command) if state.state is State.NONE else []
        case _ if state.state is State.NONE:
            raise JobUnknown(command.job_id)
        case AdmitRender(job_id, at):
            return [RenderAdmitted(state.account_id, job_id, at)] if state.state is State.REQUESTED else []
        case AdvanceRender(job_id, stage, percent):
            _wanted(job_id, state)
            moves = state.state is State.RUNNING and stage != state.stage
            return [RenderAdvanced(state.account_id, job_id, stage, percent)] if moves else []
        case CompleteRender():
            _wanted(command.job_id, state)
            return _complete(command, state) if state.state is State.RUNNING else []
        case FailRender(job_id, reason, at, facts):
            ended = state.state in ENDED
            return [] if ended else [RenderFailed(state.account_id, job_id, reason, at, facts)]
        case CancelRender():
            return _cancel(command, state)
        case RetryRender():
            return _retry(command, state)
        case _:
            assert_never(command)


def _wanted(job_id: str, state: Job) -> None:
    if state.state is State.CANCELLED:
        raise JobCancelled(job_id)


def _request(c: RequestRender) -> Sequence[JobEvent]:
    asked = RenderRequested(
        c.account_id, c.job_id, c.photo_id, c.preset, c.credits, c.at, c.batch_id, c.attempt, c.retry_of, c.wanted
    )
    return [asked]


def _cancel(c: CancelRender, state: Job) -> Sequence[JobEvent]:
    if state.state is State.CANCELLED:
        return []
    if state.state in ENDED:
        raise RenderAlreadyEnded(state.state)
    return [RenderCancelled(state.account_id, c.job_id, c.at)]


def _retry(c: RetryRender, state: Job) -> Sequence[JobEvent]:
    if state.state is not State.FAILED:
        raise RenderNotFailed(state.state)
    if state.retried_by:
        raise RenderAlreadyRetried(state.retried_by)
    if state.attempt >= MOST_ATTEMPTS:
        raise RetriesExhausted(state.attempt, MOST_ATTEMPTS)
    return [RenderRetried(state.account_id, c.job_id, c.retry_id, c.at)]


def _complete(c: CompleteRender, state: Job) -> Sequence[JobEvent]:
    completed = RenderCompleted(
        account_id=state.account_id,
        job_id=c.job_id,
        output_id=c.output_id,
        media_type=c.media_type,
        width=c.width,
        height=c.height,
        size=c.size,
        engine=c.engine,
        fallback=c.fallback,
        completed_at=c.at,
    )
    return [completed]


def evolve(state: Job, event: JobEvent) -> Job:  # noqa: PLR0911 - one return per event
    match event:
        case RenderRequested():
            return Job(
                event.account_id,
                event.photo_id,
                event.preset,
                State.REQUESTED,
                attempt=event.attempt,
                wanted=event.wanted,
            )
        case RenderAdmitted():
            return replace(state, state=State.RUNNING)
        case RenderAdvanced():
            return replace(state, stage=event.stage)
        case RenderCompleted():
            return replace(state, state=State.COMPLETED)
        case RenderFailed():
            return replace(state, state=State.FAILED)
        case RenderCancelled():
            return replace(state, state=State.CANCELLED)
        case RenderRetried():
            return replace(state, retried_by=event.retry_id)
        case _:
            assert_never(event)


JOB: Decider[Command, Job, JobEvent] = Decider(Job(), decide, evolve)


def job_stream(job_id: str, account_id: str) -> Stream:
    return Stream.of("job", job_id, account_id)
