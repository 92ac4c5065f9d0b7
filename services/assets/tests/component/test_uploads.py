"""Uploads, sweeps and releases with every part in memory."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from nexoraz.assets.adapters.memory import MemoryFiles, MemoryPhotos, MemoryQuota, MemoryThumbnailer, MemoryThumbnails
from nexoraz.assets.application.file_tasks import FileTasks
from nexoraz.assets.application.intake import Body, UploadInterrupted, UploadTooSlow
from nexoraz.assets.application.ports import StorageUnavailable
from nexoraz.assets.application.release_photo import NotReleased, PhotoRelease
from nexoraz.assets.application.thumbnails import Thumbnails
from nexoraz.assets.application.upload_photo import SWEEP, THUMBNAIL, Uploads
from nexoraz.assets.bootstrap import REGISTRY
from nexoraz.assets.domain.events import PhotoUploaded
from nexoraz.assets.domain.picture import Limits, PhotoEmpty, PictureTruncated
from nexoraz.assets.domain.quota import QuotaExhausted
from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased
from nexoraz.events.tasks import MemoryTaskQueue, TaskHandler
from nexoraz.events.testing import MemorySealer
from services.assets.tests.examples import ANN, BOB, NOON, PHOTO_ID, jpeg


class World:
    """Assets in memory."""

    def __init__(self) -> None:
        self.store = MemoryEventStore(REGISTRY, MemorySealer())
        self.queue = MemoryTaskQueue()
        self.now = NOON
        self.files = MemoryFiles()
        self.photos = MemoryPhotos()
        self.quota = MemoryQuota()
        self.uploads = Uploads(self.store, self.queue, self.files, self.quota, Limits(), 60, lambda: NOON)
        self.small = MemoryThumbnails()
        self.tasks = FileTasks(self.store, self.queue, self.files, self.small, self.photos, lambda: self.now)
        self.release = PhotoRelease(self.store, self.files, self.photos)

    @property
    def thumbnails(self) -> Thumbnails:
        return Thumbnails(self.store, self.photos, self.files, self.small, MemoryThumbnailer())

    @property
    def handlers(self) -> Mapping[str, TaskHandler]:
        return {**self.tasks.handlers, THUMBNAIL: self.thumbnails.make}

    def upload(self, body: Body, before_commit: Callable[[], Any] = lambda: None) -> None:
        with self.uploads.arriving(ANN, PHOTO_ID, body) as arrived, self.store.transaction() as tx:
            self.uploads.keep(tx, arrived, "Blue cup")
            before_commit()
        self.photos.photos.add((ANN, PHOTO_ID))

    def erase(self, account_id: str) -> None:
        with self.store.transaction() as tx:
            tx.tombstone(account_id)


@pytest.fixture
def world() -> World:
    return World()


def whole() -> Body:
    return Body([jpeg()], len(jpeg()))


def test_a_photo_is_kept_as_a_fact_and_a_file(world: World) -> None:
    world.upload(whole())
    [recorded] = world.store.committed()
    assert recorded.event == PhotoUploaded(ANN, PHOTO_ID, "Blue cup", "image/jpeg", 20, 16, len(jpeg()), NOON)
    assert world.files.files == {(ANN, PHOTO_ID): jpeg()}


def test_a_kept_photo_outlives_its_sweep(world: World) -> None:
    world.upload(whole())
    world.queue.run(world.handlers)
    assert world.files.files == {(ANN, PHOTO_ID): jpeg()}


def test_an_upload_whose_fact_never_came_is_swept(world: World) -> None:
    def crash() -> None:
        raise KeyboardInterrupt  # the process ends here: nothing is cleaned up

    with suppress(KeyboardInterrupt):
        world.upload(whole(), before_commit=crash)
    assert world.files.files and not world.store.committed()
    assert [task.kind for task in world.queue.waiting] == [SWEEP]
    world.queue.run(world.handlers)
    world.tasks.sweep(_task(world))
    assert not world.files.files


def _task(world: World) -> Any:
    with world.store.transaction() as tx:
        world.queue.enqueue(tx, SWEEP, PHOTO_ID, {"photo_id": PHOTO_ID}, account_id=ANN)
    return world.queue.waiting[0]


def test_an_account_that_is_erased_meanwhile_keeps_no_file(world: World) -> None:
    with pytest.raises(AccountErased):
        world.upload(whole(), before_commit=lambda: world.erase(ANN))
    assert not world.files.files and not world.store.committed()


def test_an_erased_account_uploads_nothing(world: World) -> None:
    world.erase(ANN)
    with pytest.raises(AccountErased):
        world.upload(whole())
    assert not world.queue.waiting


def test_an_upload_beyond_the_plan_leaves_nothing(world: World) -> None:
    world.quota.exhausted = QuotaExhausted("free", 2, 1, 0, 0)
    with pytest.raises(QuotaExhausted):
        world.upload(whole())
    assert not world.files.files and not world.store.committed()


def test_a_key_that_is_destroyed_meanwhile_keeps_no_file(world: World) -> None:
    def overtaken() -> Iterator[bytes]:
        yield jpeg()
        world.files.destroyed.add(ANN)

    with pytest.raises(KeyDestroyed):
        world.upload(Body(overtaken()))
    assert not world.files.files


def test_a_refused_body_leaves_nothing_but_its_sweep(world: World) -> None:
    for body in (Body([]), Body([b"", b""], 0)):
        with pytest.raises(PhotoEmpty):
            world.upload(body)
    with pytest.raises(PictureTruncated):
        world.upload(Body([jpeg()[:-2]]))
    with pytest.raises(UploadInterrupted) as interrupted:
        world.upload(Body([jpeg()[:-2]], len(jpeg())))
    assert interrupted.value == UploadInterrupted(len(jpeg()), len(jpeg()) - 2)
    assert not world.files.files and len(world.queue.waiting) == 1


def test_a_body_that_trickles_is_ended() -> None:
    world = World()
    world.uploads = Uploads(world.store, world.queue, world.files, world.quota, Limits(), -1, lambda: NOON)
    with pytest.raises(UploadTooSlow):
        world.upload(whole())
    assert not world.files.files


def test_storage_that_is_away_refuses_and_leaves_nothing(world: World) -> None:
    world.files.down = True
    with pytest.raises(StorageUnavailable):
        world.upload(whole())
    assert not world.store.committed()


def test_a_photo_is_released_to_render_for_its_owner_only(world: World) -> None:
    world.upload(whole())
    assert b'"size": %d' % len(jpeg()) in world.release(ANN, PHOTO_ID, "render")
    for account, photo, purpose in (
        (BOB, PHOTO_ID, "render"),
        (ANN, BOB, "render"),
        (ANN, PHOTO_ID, "training"),
        ("", "", ""),
        ("*", "../" + PHOTO_ID, "render"),
    ):
        with pytest.raises(NotReleased):
            world.release(account, photo, purpose)


def test_nothing_of_an_erased_account_is_released(world: World) -> None:
    world.upload(whole())
    world.files.destroyed.add(ANN)
    with pytest.raises(NotReleased):
        world.release(ANN, PHOTO_ID, "render")
    world.files.destroyed.clear()
    world.erase(ANN)
    with pytest.raises(NotReleased):
        world.release(ANN, PHOTO_ID, "render")
