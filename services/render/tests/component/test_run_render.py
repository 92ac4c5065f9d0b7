"""A render from task to picture, with fakes of everything outside."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.registry import Registry
from nexoraz.events.store import AccountErased, handle, load
from nexoraz.events.tasks import MemoryTaskQueue, Postpone, Task
from nexoraz.events.testing import FixedClock, MemorySealer
from nexoraz.render.adapters.memory import FakeEngine, MemoryOutputs, MemoryPhotos
from nexoraz.render.application.policies import OUT_OF_CREDITS, Policies
from nexoraz.render.application.ports import OnStage, Picture, RenderRefused
from nexoraz.render.application.run_render import GAVE_UP, MAX_ATTEMPTS, MAX_PHOTO_BYTES, RENDER, RunRender
from nexoraz.render.domain.events import EVENTS, RenderFailed
from nexoraz.render.domain.job import JOB, JobCancelled, State, job_stream
from nexoraz.render.presets.wanted import AS_THE_PRESET, Wanted
from services.render.tests.examples import ANN, JOB_ID, PHOTO, cancel, request


class Studio:
    """A job that was asked for, with its credits reserved."""

    def __init__(self) -> None:
        self.store = MemoryEventStore(Registry.of(EVENTS), MemorySealer())
        self.tasks, self.photos = MemoryTaskQueue(), MemoryPhotos()
        self.engine, self.outputs = FakeEngine(), MemoryOutputs()
        clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.policies = Policies(self.tasks, clock)
        self.run = RunRender(self.store, self.tasks, self.photos, self.engine, self.outputs, clock)
        self.photos.photos[ANN, PHOTO] = b"photo"
        handle(self.store, JOB, job_stream(JOB_ID, ANN), request)

    def reserve(self) -> None:
        with self.store.transaction() as tx:
            self.policies.run_render_on_credits_reserved(tx, ANN, JOB_ID)

    def cancel(self) -> None:
        handle(self.store, JOB, job_stream(JOB_ID, ANN), cancel)

    def task(self, attempts: int = 1) -> Task:
        (task,) = (t for t in self.tasks.waiting if t.kind == RENDER)
        self.tasks.waiting = [msgspec.structs.replace(task, attempts=attempts)]
        return self.tasks.waiting[0]

    def state(self) -> State:
        with self.store.transaction() as tx:
            return load(tx, JOB, job_stream(JOB_ID, ANN))[0].state

    def reason(self) -> str:
        last = self.store.committed()[-1].event
        assert isinstance(last, RenderFailed)
        return last.reason


@pytest.fixture
def studio() -> Studio:
    studio = Studio()
    studio.reserve()
    return studio


def test_reserved_credits_lead_to_one_picture(studio: Studio) -> None:
    studio.reserve()
    task = studio.task()
    studio.run(task)
    assert studio.state() is State.COMPLETED
    assert list(studio.outputs.pictures.values()) == [b"photo"]
    assert studio.tasks.waiting == []


def test_a_task_that_runs_twice_renders_once(studio: Studio) -> None:
    task = studio.task()
    studio.run(task)
    studio.run(task)
    assert (studio.engine.renders, len(studio.outputs.pictures)) == (1, 1)


def test_refused_credits_fail_the_job_without_a_render() -> None:
    studio = Studio()
    with studio.store.transaction() as tx:
        studio.policies.fail_render_on_credits_refused(tx, ANN, JOB_ID)
    assert (studio.state(), studio.reason(), studio.tasks.waiting) == (State.FAILED, OUT_OF_CREDITS, [])


def test_a_photo_at_fault_fails_the_job_with_its_reason(studio: Studio) -> None:
    studio.engine.fails = lambda: RenderRefused("picture-too-large", {"megapixels": 100.0, "limit": 64.0})
    studio.run(studio.task())
    assert (studio.state(), studio.reason()) == (State.FAILED, "picture-too-large")
    last = studio.store.committed()[-1].event
    assert isinstance(last, RenderFailed) and last.facts == {"megapixels": 100.0, "limit": 64.0}


def test_a_photo_that_is_too_heavy_fails_the_job_with_the_limit(studio: Studio) -> None:
    studio.photos.photos[ANN, PHOTO] = b"\0" * (MAX_PHOTO_BYTES + 1)
    studio.run(studio.task())
    assert (studio.state(), studio.reason()) == (State.FAILED, "photo-too-heavy")


def test_a_photo_that_is_gone_fails_the_job(studio: Studio) -> None:
    studio.photos.photos.clear()
    studio.run(studio.task())
    assert (studio.state(), studio.reason()) == (State.FAILED, "photo-not-found")


def test_an_outage_is_never_the_jobs_end(studio: Studio) -> None:
    for place in (studio.photos, studio.outputs):
        place.down = True
        with pytest.raises(Postpone):
            studio.run(studio.task(attempts=MAX_ATTEMPTS + 1))
        assert studio.state() is State.RUNNING
        place.down = False


def test_a_worker_that_ends_leaves_the_job_to_another(studio: Studio) -> None:
    studio.engine.close()
    with pytest.raises(Postpone):
        studio.run(studio.task(attempts=MAX_ATTEMPTS + 1))
    assert studio.state() is State.RUNNING


def test_a_defect_is_tried_again_and_then_ends_the_job(studio: Studio) -> None:
    studio.engine.fails = lambda: ArithmeticError("defect")
    with pytest.raises(ArithmeticError):
        studio.run(studio.task())
    studio.run(studio.task(attempts=MAX_ATTEMPTS))
    assert (studio.state(), studio.reason()) == (State.FAILED, GAVE_UP)


def test_an_erasure_in_the_middle_leaves_no_picture(studio: Studio) -> None:
    task = studio.task()
    with studio.store.transaction() as tx:
        tx.tombstone(ANN)
    studio.run(task)
    assert studio.outputs.pictures == {}


def test_destroyed_keys_in_the_middle_leave_no_picture(studio: Studio) -> None:
    studio.outputs.destroyed.add(ANN)
    studio.run(studio.task())
    assert studio.outputs.pictures == {}


class Cancelling(FakeEngine):
    """Its owner cancels the job while it is rendered: before the last stage, or when the picture is there."""

    def __init__(self, studio: Studio, at_last_stage: bool) -> None:
        super().__init__()
        self.studio, self.at_last_stage = studio, at_last_stage

    def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
        def told(stage: str, percent: int) -> None:
            if self.at_last_stage and stage == "encode":
                self.studio.cancel()
            on_stage(stage, percent)

        picture = super().render(photo, preset, told, wanted)
        if not self.at_last_stage:
            self.studio.cancel()
        return picture


@pytest.mark.parametrize("at_last_stage", [True, False])
def test_a_job_that_is_cancelled_while_it_runs_keeps_no_picture(studio: Studio, at_last_stage: bool) -> None:
    studio.run = replace(studio.run, engine=Cancelling(studio, at_last_stage))
    studio.run(studio.task())
    assert (studio.state(), studio.outputs.pictures) == (State.CANCELLED, {})


def test_a_cancelled_job_stops_at_the_next_stage(studio: Studio) -> None:
    stopped = []

    class Watched(Cancelling):
        def render(self, photo: bytes, preset: str, on_stage: OnStage, wanted: Wanted = AS_THE_PRESET) -> Picture:
            try:
                return super().render(photo, preset, on_stage, wanted)
            except JobCancelled:
                stopped.append("in the engine")
                raise

    studio.run = replace(studio.run, engine=Watched(studio, at_last_stage=True))
    studio.run(studio.task())
    assert stopped == ["in the engine"]


def test_a_job_that_was_cancelled_before_it_ran_is_not_rendered(studio: Studio) -> None:
    studio.cancel()
    studio.run(studio.task())
    assert (studio.state(), studio.engine.renders) == (State.CANCELLED, 0)


def test_the_picture_of_an_earlier_attempt_goes_with_the_cancellation(studio: Studio) -> None:
    studio.run(studio.task())
    (kept,) = studio.outputs.pictures.items()
    again = Studio()
    again.reserve()
    again.outputs.pictures = dict([kept])  # as a worker leaves it that dies before it could say so
    again.cancel()
    again.run(again.task())
    assert again.outputs.pictures == {}


def test_a_cancelled_picture_that_cannot_be_deleted_yet_is_deleted_later(studio: Studio) -> None:
    studio.cancel()
    studio.outputs.down = True
    with pytest.raises(Postpone):
        studio.run(studio.task())


def test_credits_that_are_reserved_after_a_cancellation_start_nothing() -> None:
    studio = Studio()
    studio.cancel()
    studio.reserve()
    studio.run(studio.task())
    assert (studio.state(), studio.engine.renders, studio.outputs.pictures) == (State.CANCELLED, 0, {})


def test_a_cancellation_after_an_erasure_is_refused_and_leaves_no_picture(studio: Studio) -> None:
    task = studio.task()
    with studio.store.transaction() as tx:
        tx.tombstone(ANN)
    with pytest.raises(AccountErased):
        studio.cancel()
    studio.run(task)
    assert studio.outputs.pictures == {}
