"""What a render job can be told."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RequestRender:
    account_id: str
    job_id: str
    photo_id: str
    preset: str
    credits: int
    at: datetime
    batch_id: str = ""
    attempt: int = 1
    retry_of: str = ""
    wanted: dict[str, str | int] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class CancelRender:
    job_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RetryRender:
    """retry_id: the job that takes its place."""

    job_id: str
    retry_id: str
    at: datetime


Command = RequestRender | AdmitRender | AdvanceRender | CompleteRender | FailRender | CancelRender | RetryRender
