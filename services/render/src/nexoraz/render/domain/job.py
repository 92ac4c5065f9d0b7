"""One render job: requested, admitted once its credits are reserved, then completed or failed, each exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Stream
from nexoraz.render.domain.events import (
    RenderAdmitted,
    RenderAdvanced,
    RenderCompleted,
    RenderFailed,
    RenderRequested,
)


class State(StrEnum):
    """Where a job stands. A job that waits for credits is `requested`."""

    NONE = "none"
    REQUESTED = "requested"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass
class JobUnknown(Refused):
    """Something was reported about a job that was never requested here."""

    job_id: str


@dataclass(frozen=True, slots=True)
class RequestRender:
    account_id: str
    job_id: str
    photo_id: str
    preset: str
    credits: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AdmitRender:
    job_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AdvanceRender:
    job_id: str
    stage: str
    percent: int


@dataclass(frozen=True, slots=True)
class CompleteRender:
    job_id: str
    output_id: str
    media_type: str
    width: int
    height: int
    size: int
    engine: str
    fallback: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class FailRender:
    job_id: str
    reason: str
    at: datetime
    facts: dict[str, float] = field(default_factory=dict)


Command = RequestRender | AdmitRender | AdvanceRender | CompleteRender | FailRender
JobEvent = RenderRequested | RenderAdmitted | RenderAdvanced | RenderCompleted | RenderFailed


@dataclass(frozen=True, slots=True)
class Job:
    account_id: str = ""
    photo_id: str = ""
    preset: str = ""
    state: State = State.NONE
    stage: str = ""


def decide(command: Command, state: Job) -> Sequence[JobEvent]:
    match command:
        case RequestRender():
            return _request(command) if state.state is State.NONE else []
        case AdmitRender(job_id, at):
            _known(job_id, state)
            return [RenderAdmitted(state.account_id, job_id, at)] if state.state is State.REQUESTED else []
        case AdvanceRender(job_id, stage, percent):
            _known(job_id, state)
            moves = state.state is State.RUNNING and stage != state.stage
            return [RenderAdvanced(state.account_id, job_id, stage, percent)] if moves else []
        case CompleteRender():
            _known(command.job_id, state)
            return _complete(command, state) if state.state is State.RUNNING else []
        case FailRender(job_id, reason, at, facts):
            _known(job_id, state)
            ended = state.state in (State.COMPLETED, State.FAILED)
            return [] if ended else [RenderFailed(state.account_id, job_id, reason, at, facts)]
        case _:
            assert_never(command)


def _known(job_id: str, state: Job) -> None:
    if state.state is State.NONE:
        raise JobUnknown(job_id)


def _request(c: RequestRender) -> Sequence[JobEvent]:
    return [RenderRequested(c.account_id, c.job_id, c.photo_id, c.preset, c.credits, c.at)]


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


def evolve(state: Job, event: JobEvent) -> Job:
    match event:
        case RenderRequested():
            return Job(event.account_id, event.photo_id, event.preset, State.REQUESTED)
        case RenderAdmitted():
            return replace(state, state=State.RUNNING)
        case RenderAdvanced():
            return replace(state, stage=event.stage)
        case RenderCompleted():
            return replace(state, state=State.COMPLETED)
        case RenderFailed():
            return replace(state, state=State.FAILED)
        case _:
            assert_never(event)


JOB: Decider[Command, Job, JobEvent] = Decider(Job(), decide, evolve)


def job_stream(job_id: str, account_id: str) -> Stream:
    return Stream.of("job", job_id, account_id)
