"""The bin with every part in memory: what comes back keeps its file, what does not loses it, with a receipt."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from nexoraz.assets.adapters.memory import MemoryThumbnailer
from nexoraz.assets.application.change_photo import PhotoChanges
from nexoraz.assets.application.file_tasks import DELETE, EXPIRE
from nexoraz.assets.application.ports import StorageUnavailable, Thumbnail
from nexoraz.assets.application.upload_photo import THUMBNAIL
from nexoraz.assets.domain.events import PhotoDeleted, PhotoFileErased
from nexoraz.assets.domain.photo import IN_THE_BIN
from nexoraz.events.tasks import Task
from services.assets.tests.component.test_uploads import World, whole
from services.assets.tests.examples import ANN, NOON, PHOTO_ID


@pytest.fixture
def world() -> World:
    world = World()
    world.upload(whole())
    world.queue.waiting.clear()
    with world.store.transaction() as tx:
        changes(world).discard(tx, ANN, PHOTO_ID, 1)
    return world


def changes(world: World) -> PhotoChanges:
    return PhotoChanges(world.store, world.tasks, lambda: world.now)


def run(world: World) -> None:
    world.queue.run(world.handlers)


def test_what_lay_in_the_bin_for_its_time_is_erased_with_a_receipt(world: World) -> None:
    world.now = NOON + IN_THE_BIN
    assert [task.kind for task in world.queue.waiting] == [EXPIRE]
    run(world)
    assert world.files.files == {}
    happened = [each.event for each in world.store.committed()]
    assert happened[-2:] == [PhotoDeleted(ANN, PHOTO_ID, world.now), PhotoFileErased(ANN, PHOTO_ID, 1, world.now)]


def test_what_was_taken_back_keeps_its_file(world: World) -> None:
    with world.store.transaction() as tx:
        changes(world).restore(tx, ANN, PHOTO_ID, 2)
    world.now = NOON + IN_THE_BIN
    run(world)
    assert (ANN, PHOTO_ID) in world.files.files


def test_each_stay_in_the_bin_has_an_end_of_its_own(world: World) -> None:
    with world.store.transaction() as tx:
        changes(world).restore(tx, ANN, PHOTO_ID, 2)
    world.now = NOON + timedelta(days=29)
    with world.store.transaction() as tx:
        changes(world).discard(tx, ANN, PHOTO_ID, 3)
    first, second = world.queue.waiting
    world.now = NOON + IN_THE_BIN
    world.tasks.expire(first)
    assert (ANN, PHOTO_ID) in world.files.files
    world.now += IN_THE_BIN
    world.tasks.expire(second)
    assert DELETE in [task.kind for task in world.queue.waiting]


def test_there_is_no_receipt_before_the_file_is_gone(world: World) -> None:
    world.now = NOON + IN_THE_BIN
    world.files.down = True
    with pytest.raises(StorageUnavailable):
        run(world)
    assert isinstance(world.store.committed()[-1].event, PhotoDeleted)
    world.files.down = False
    run(world)
    run(world)
    assert [type(each.event) for each in world.store.committed()].count(PhotoFileErased) == 1


def test_a_photo_that_is_deleted_while_its_thumbnail_is_made_leaves_none(world: World) -> None:
    class Overtaken(MemoryThumbnailer):
        def make(self, chunks: Iterable[bytes]) -> Thumbnail:
            world.photos.photos.clear()
            return super().make(chunks)

    world.small.files.clear()
    task = Task(1, THUMBNAIL, PHOTO_ID, ANN, {"photo_id": PHOTO_ID}, 1)
    replace(world.thumbnails, thumbnailer=Overtaken()).make(task)
    assert world.small.files == {}


def test_a_picture_that_cannot_be_read_has_no_thumbnail(world: World) -> None:
    world.files.files[ANN, PHOTO_ID] = b"nothing"
    world.thumbnails.make(Task(1, THUMBNAIL, PHOTO_ID, ANN, {"photo_id": PHOTO_ID}, 1))
    assert world.small.files == {}
