"""What happened to render jobs. Nothing here is personal: ids, states, measures."""

from datetime import datetime

import msgspec

from nexoraz.events.classification import Fact, Id
from nexoraz.events.event import Event


class RenderRequested(Event, frozen=True):
    """A person asked for a picture. credits: what it will cost. batch_id: what it was asked for together with others
    under, or empty. attempt, retry_of: counts from 1, and the failed job that it takes the place of, or empty. wanted:
    how the file shall be, where that was said."""

    account_id: Id
    job_id: Id
    photo_id: Id
    preset: Fact[str]
    credits: Fact[int]
    requested_at: Fact[datetime]
    batch_id: Id = ""
    attempt: Fact[int] = 1
    retry_of: Id = ""
    wanted: Fact[dict[str, str | int]] = msgspec.field(default_factory=dict)


class RenderAdmitted(Event, frozen=True):
    """Its credits are reserved, so the job may run."""

    account_id: Id
    job_id: Id
    admitted_at: Fact[datetime]


class RenderAdvanced(Event, frozen=True):
    """The engine reached a stage. percent: of the whole, 0 to 100, never falling within one attempt."""

    account_id: Id
    job_id: Id
    stage: Fact[str]
    percent: Fact[int]


class RenderCompleted(Event, frozen=True):
    """The picture is stored. fallback: whether a lesser segmenter had to do; size: in bytes."""

    account_id: Id
    job_id: Id
    output_id: Id
    media_type: Fact[str]
    width: Fact[int]
    height: Fact[int]
    size: Fact[int]
    engine: Fact[str]
    fallback: Fact[bool]
    completed_at: Fact[datetime]


class RenderFailed(Event, frozen=True):
    """There will be no picture. reason: a broken rule in kebab case, such as "picture-too-large". facts: its figures,
    such as the megapixels found and allowed."""

    account_id: Id
    job_id: Id
    reason: Fact[str]
    failed_at: Fact[datetime]
    facts: Fact[dict[str, float]] = msgspec.field(default_factory=dict)


class RenderCancelled(Event, frozen=True):
    """The person does not want the picture any more; what was set aside for it is free again."""

    account_id: Id
    job_id: Id
    cancelled_at: Fact[datetime]


class RenderRetried(Event, frozen=True):
    """Another job takes the place of this one, which failed. retry_id: that job."""

    account_id: Id
    job_id: Id
    retry_id: Id
    retried_at: Fact[datetime]


EVENTS = (
    RenderRequested,
    RenderAdmitted,
    RenderAdvanced,
    RenderCompleted,
    RenderFailed,
    RenderCancelled,
    RenderRetried,
)
