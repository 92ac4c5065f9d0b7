"""Decisions about a render job."""

from dataclasses import replace

import msgspec
import pytest

from nexoraz.events.testing import given
from nexoraz.render.domain.commands import Command
from nexoraz.render.domain.job import (
    JOB,
    MOST_ATTEMPTS,
    JobCancelled,
    JobUnknown,
    RenderAlreadyEnded,
    RenderAlreadyRetried,
    RenderNotFailed,
    RetriesExhausted,
    State,
)
from services.render.tests.examples import (
    JOB_ID,
    RETRY_ID,
    admit,
    admitted,
    advance,
    advanced,
    cancel,
    cancelled,
    complete,
    completed,
    fail,
    failed,
    request,
    requested,
    retried,
    retry,
)


def test_a_render_is_requested_once() -> None:
    given(JOB).when(request).then(requested)
    given(JOB, requested).when(request).then()


def test_a_job_runs_once_its_credits_are_reserved() -> None:
    given(JOB, requested).when(admit).then(admitted)
    given(JOB, requested, admitted).when(admit).then()


def test_a_job_tells_each_stage_once() -> None:
    given(JOB, requested, admitted).when(advance).then(advanced)
    given(JOB, requested, admitted, advanced).when(advance).then()


def test_a_job_that_does_not_run_makes_no_progress() -> None:
    given(JOB, requested).when(advance).then()
    given(JOB, requested, admitted, completed).when(advance).then()


def test_a_running_job_completes_once() -> None:
    given(JOB, requested, admitted).when(complete).then(completed)
    given(JOB, requested, admitted, completed).when(complete).then()


def test_a_job_without_reserved_credits_cannot_complete() -> None:
    given(JOB, requested).when(complete).then()


def test_a_job_fails_once_and_also_before_it_ran() -> None:
    given(JOB, requested).when(fail).then(failed)
    given(JOB, requested, admitted).when(fail).then(failed)
    given(JOB, requested, failed).when(fail).then()


def test_a_job_either_completes_or_fails() -> None:
    given(JOB, requested, admitted, completed).when(fail).then()
    given(JOB, requested, admitted, failed).when(complete).then()
    given(JOB, requested, failed).when(admit).then()


@pytest.mark.parametrize("command", [admit, advance, complete, fail, cancel, retry])
def test_nothing_happens_to_a_job_that_was_never_requested(command: Command) -> None:
    given(JOB).when(command).refused(JobUnknown(JOB_ID))


def test_a_job_is_cancelled_once_whether_it_waits_or_runs() -> None:
    given(JOB, requested).when(cancel).then(cancelled)
    given(JOB, requested, admitted, advanced).when(cancel).then(cancelled)
    given(JOB, requested, cancelled).when(cancel).then()


def test_what_has_ended_is_not_cancelled() -> None:
    given(JOB, requested, admitted, completed).when(cancel).refused(RenderAlreadyEnded(State.COMPLETED))
    given(JOB, requested, failed).when(cancel).refused(RenderAlreadyEnded(State.FAILED))


def test_whoever_renders_a_cancelled_job_is_told_to_stop() -> None:
    given(JOB, requested, admitted, cancelled).when(advance).refused(JobCancelled(JOB_ID))
    given(JOB, requested, admitted, cancelled).when(complete).refused(JobCancelled(JOB_ID))


def test_late_news_changes_nothing_of_a_cancelled_job() -> None:
    given(JOB, requested, cancelled).when(admit).then()
    given(JOB, requested, admitted, cancelled).when(fail).then()


def test_a_failed_job_is_retried_once() -> None:
    given(JOB, requested, failed).when(retry).then(retried)
    given(JOB, requested, failed, retried).when(retry).refused(RenderAlreadyRetried(RETRY_ID))


def test_only_a_failed_job_is_retried() -> None:
    given(JOB, requested).when(retry).refused(RenderNotFailed(State.REQUESTED))
    given(JOB, requested, admitted, completed).when(retry).refused(RenderNotFailed(State.COMPLETED))
    given(JOB, requested, cancelled).when(retry).refused(RenderNotFailed(State.CANCELLED))


def test_a_picture_is_asked_for_so_often_and_no_more() -> None:
    last = msgspec.structs.replace(requested, attempt=MOST_ATTEMPTS)
    given(JOB, last, failed).when(retry).refused(RetriesExhausted(MOST_ATTEMPTS, MOST_ATTEMPTS))
    before = msgspec.structs.replace(requested, attempt=MOST_ATTEMPTS - 1)
    given(JOB, before, failed).when(retry).then(retried)


def test_a_request_records_its_batch_and_whose_place_it_takes() -> None:
    asked = replace(request, batch_id="b", attempt=2, retry_of=RETRY_ID)
    given(JOB).when(asked).then(msgspec.structs.replace(requested, batch_id="b", attempt=2, retry_of=RETRY_ID))
