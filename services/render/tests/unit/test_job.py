"""Decisions about a render job."""

import pytest

from nexoraz.events.testing import given
from nexoraz.render.domain.job import JOB, Command, JobUnknown
from services.render.tests.examples import (
    JOB_ID,
    admit,
    admitted,
    advance,
    advanced,
    complete,
    completed,
    fail,
    failed,
    request,
    requested,
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


@pytest.mark.parametrize("command", [admit, advance, complete, fail])
def test_nothing_happens_to_a_job_that_was_never_requested(command: Command) -> None:
    given(JOB).when(command).refused(JobUnknown(JOB_ID))
