"""Storing a photo. The file comes first and the fact after it; what a crash leaves between them is swept away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from nexoraz.assets.application.intake import Body, Intake
from nexoraz.assets.application.ports import PhotoFiles, Quota, StorageUnavailable, Stored, Tasks
from nexoraz.assets.domain.photo import PHOTO, UploadPhoto, photo_stream
from nexoraz.assets.domain.picture import Limits, Picture
from nexoraz.events.store import AccountErased, EventStore, Transaction, execute
from nexoraz.events.transient import is_transient

SWEEP, THUMBNAIL = "sweep-upload", "make-thumbnail"
SWEEP_AFTER_S = 3_600
"""Far longer than an upload may take."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is stored and not yet a photo."""

    account_id: str
    photo_id: str
    picture: Picture
    stored: Stored


@dataclass(frozen=True, slots=True)
class Uploads:
    """Takes photos in. limit_seconds: how long one body may take."""

    store: EventStore
    tasks: Tasks
    files: PhotoFiles
    quota: Quota
    limits: Limits
    limit_seconds: int
    clock: Callable[[], datetime]

    @contextmanager
    def arriving(self, account_id: str, photo_id: str, body: Body) -> Iterator[Arrived]:
        """The file is stored while the block runs, and gone again when the block refuses. Raises the refusals of the
        body, StorageUnavailable, AccountErased and KeyDestroyed."""
        self._promise_to_sweep(account_id, photo_id)
        intake = Intake(body, self.limits, self.limit_seconds)
        stored = self.files.put(account_id, photo_id, intake, self.limits.bytes)
        try:
            yield Arrived(account_id, photo_id, intake.picture, stored)
        except Exception as error:
            # A connection that broke during the commit leaves open whether the photo exists: the sweep will know.
            if not is_transient(error):
                with suppress(StorageUnavailable):
                    self.files.delete(account_id, photo_id)
            raise

    def keep(self, tx: Transaction, arrived: Arrived, title: str | None) -> None:
        """Make it a photo when `tx` commits. Raises QuotaExhausted."""
        command = UploadPhoto(arrived.account_id, arrived.photo_id, title, arrived.picture, self.clock())
        execute(tx, PHOTO, photo_stream(arrived.photo_id, arrived.account_id), command)
        self.quota.check(tx, arrived.account_id)
        payload: dict[str, object] = {"photo_id": arrived.photo_id}
        self.tasks.enqueue(tx, THUMBNAIL, arrived.photo_id, payload, account_id=arrived.account_id)

    def _promise_to_sweep(self, account_id: str, photo_id: str) -> None:
        with self.store.transaction() as tx:
            if tx.is_erased(account_id):
                raise AccountErased(account_id)
            payload: dict[str, object] = {"photo_id": photo_id}
            self.tasks.enqueue(tx, SWEEP, photo_id, payload, account_id=account_id, delay_s=SWEEP_AFTER_S)
