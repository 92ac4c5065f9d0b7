"""What happens to files after the fact, as tasks: a deleted photo's file goes with a receipt, what lay in the bin for
its time goes, and so does an upload's file that never became a photo. All may run any number of times."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.assets.application.ports import PhotoFiles, Photos, Tasks, ThumbnailFiles
from nexoraz.assets.application.upload_photo import SWEEP
from nexoraz.assets.domain.photo import IN_THE_BIN, PHOTO, DeletePhoto, ReceiptErasure, photo_stream
from nexoraz.events.store import EventStore, Transaction, execute, handle, repeated
from nexoraz.events.tasks import Task, TaskHandler

DELETE, EXPIRE = "delete-file", "expire-photo"


@dataclass(frozen=True, slots=True)
class FileTasks:
    store: EventStore
    tasks: Tasks
    files: PhotoFiles
    small: ThumbnailFiles
    photos: Photos
    clock: Callable[[], datetime]

    def delete_later(self, tx: Transaction, account_id: str, photo_id: str) -> None:
        """The file goes once `tx` has committed."""
        self.tasks.enqueue(tx, DELETE, photo_id, {"photo_id": photo_id}, account_id=account_id)

    def expire_later(self, tx: Transaction, account_id: str, photo_id: str, version: int) -> None:
        """The photo goes when its time in the bin is over, unless it was taken out. version: by which it got there, so
        that each of its stays has an end of its own."""
        payload: dict[str, object] = {"photo_id": photo_id}
        seconds = IN_THE_BIN.total_seconds()
        self.tasks.enqueue(tx, EXPIRE, f"{photo_id}-{version}", payload, account_id=account_id, delay_s=seconds)

    @property
    def handlers(self) -> dict[str, TaskHandler]:
        return {DELETE: self.delete, EXPIRE: self.expire, SWEEP: self.sweep}

    def delete(self, task: Task) -> None:
        """Every version of a deleted photo's file and of its thumbnail; then the receipt."""
        photo_id = str(task.payload["photo_id"])
        versions = self.files.delete(task.account_id, photo_id) + self.small.delete(task.account_id, photo_id)
        command = ReceiptErasure(photo_id, versions, self.clock())
        handle(self.store, PHOTO, photo_stream(photo_id, task.account_id), command)

    def expire(self, task: Task) -> None:
        """A photo that has lain in the bin for its time."""
        photo_id = str(task.payload["photo_id"])
        command = DeletePhoto(photo_id, self.clock(), expired=True)

        def work(tx: Transaction) -> None:
            if execute(tx, PHOTO, photo_stream(photo_id, task.account_id), command):
                self.delete_later(tx, task.account_id, photo_id)

        repeated(self.store, work)

    def sweep(self, task: Task) -> None:
        """The file of an upload that never became a photo."""
        photo_id = str(task.payload["photo_id"])
        with self.store.transaction() as tx:
            kept = self.photos.needs_file(tx, task.account_id, photo_id)
        if not kept:
            self.files.delete(task.account_id, photo_id)
