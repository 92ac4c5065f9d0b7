"""What happens to files after the fact, as tasks: a deleted photo's file goes, and so does an upload's that never
became a photo. Both may run any number of times."""

from dataclasses import dataclass

from nexoraz.assets.application.ports import PhotoFiles, Photos, Tasks
from nexoraz.assets.application.upload_photo import SWEEP
from nexoraz.events.store import EventStore, Transaction
from nexoraz.events.tasks import Task, TaskHandler

DELETE = "delete-file"


@dataclass(frozen=True, slots=True)
class FileTasks:
    store: EventStore
    tasks: Tasks
    files: PhotoFiles
    photos: Photos

    def delete_later(self, tx: Transaction, account_id: str, photo_id: str) -> None:
        """The file goes once `tx` has committed."""
        self.tasks.enqueue(tx, DELETE, photo_id, {"photo_id": photo_id}, account_id=account_id)

    @property
    def handlers(self) -> dict[str, TaskHandler]:
        return {DELETE: self.delete, SWEEP: self.sweep}

    def delete(self, task: Task) -> None:
        """Every version of a deleted photo's file."""
        self.files.delete(task.account_id, str(task.payload["photo_id"]))

    def sweep(self, task: Task) -> None:
        """The file of an upload that never became a photo."""
        photo_id = str(task.payload["photo_id"])
        with self.store.transaction() as tx:
            kept = self.photos.exists(tx, task.account_id, photo_id)
        if not kept:
            self.files.delete(task.account_id, photo_id)
