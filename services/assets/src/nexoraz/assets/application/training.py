"""Choices about training, and the manifests made of them. A manifest names photos under ids of its own only."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

import msgspec

from nexoraz.assets.domain.manifest import MANIFEST, MakeManifest, RegisterModel, manifest_stream
from nexoraz.assets.domain.training import TRAINING, AllowTraining, ListPhoto, WithdrawTraining, training_stream
from nexoraz.events.store import AccountErased, EventStore, Transaction, VersionConflict, execute, handle

KIND = "nexoraz-training-manifest"


class Listable(Protocol):
    """A photo that may be listed. size: in bytes."""

    @property
    def account_id(self) -> str: ...
    @property
    def photo_id(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def size(self) -> int: ...


class Listing(Protocol):
    """Which photos may be listed at this moment."""

    def candidates(self, manifest_id: str | None = None) -> Sequence[Listable]:
        """All of them, or those that a manifest lists."""
        ...


class Pseudonyms(Protocol):
    """The part of the vault that is needed here."""

    def keyed_hash(self, purpose: str, value: str) -> str:
        """Under a key of that purpose alone."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingChoices:
    """Raises VersionConflict when the choice has changed since `seen`, and AccountErased."""

    clock: Callable[[], datetime]

    def choose(self, tx: Transaction, account_id: str, photo_id: str, seen: int, allowed: bool) -> None:
        """For a photo, or with an empty photo id for the account as a whole."""
        command = AllowTraining if allowed else WithdrawTraining
        decided = command(account_id, photo_id, self.clock())
        execute(tx, TRAINING, training_stream(account_id, photo_id), decided, expected=seen)


class Entry(msgspec.Struct, frozen=True):
    """A photo under the ids of one manifest."""

    item: str
    subject: str
    media_type: str
    width: int
    height: int
    size: int


@dataclass(frozen=True, slots=True)
class Manifests:
    """sign: makes a JWS of a payload."""

    store: EventStore
    listing: Listing
    keys: Pseudonyms
    sign: Callable[[bytes], str]
    clock: Callable[[], datetime]

    def make(self) -> str:
        """A signed list of the photos that may train, as JWS. Whoever withdraws while it is made is not in it."""
        manifest_id, at = str(uuid4()), self.clock()
        for photo in self.listing.candidates():
            self._list(manifest_id, photo)
        entries = sorted((self._entry(manifest_id, p) for p in self.listing.candidates(manifest_id)), key=_by_item)
        document = {"kind": KIND, "format": 1, "id": manifest_id, "made_at": at, "entries": entries}
        signed = self.sign(msgspec.json.encode(document))
        digest = hashlib.sha256(signed.encode()).hexdigest()
        made = MakeManifest(manifest_id, len(entries), digest, at)
        handle(self.store, MANIFEST, manifest_stream(manifest_id), made)
        return signed

    def register(self, manifest_id: str, model: str) -> None:
        """The model was trained by the manifest. Raises ManifestUnknown and ModelNotNamed."""
        command = RegisterModel(manifest_id, model, self.clock())
        handle(self.store, MANIFEST, manifest_stream(manifest_id), command)

    def _list(self, manifest_id: str, photo: Listable) -> None:
        command = ListPhoto(photo.account_id, photo.photo_id, manifest_id)
        try:
            with self.store.transaction() as tx:
                execute(tx, TRAINING, training_stream(photo.account_id, photo.photo_id), command)
        except (VersionConflict, AccountErased):
            return  # its owner decided anew this very moment; the next manifest knows how

    def _entry(self, manifest_id: str, photo: Listable) -> Entry:
        purpose = f"training.{manifest_id}"
        item = self.keys.keyed_hash(purpose, f"photo {photo.photo_id}")
        subject = self.keys.keyed_hash(purpose, f"account {photo.account_id}")
        return Entry(item, subject, photo.media_type, photo.width, photo.height, photo.size)


def _by_item(entry: Entry) -> str:
    return entry.item
