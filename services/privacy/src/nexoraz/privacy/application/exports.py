"""Exports: granting uploads of parts, assembling the archive, erasing it."""

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from nexoraz.events.export_parts import PIECE
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import EventStore, Transaction, execute, load, repeated
from nexoraz.events.tasks import Task
from nexoraz.privacy.application.ports import (
    ArchiveStore,
    Assembly,
    Clock,
    ExportKeys,
    ExportProgress,
    Queue,
    RequestBook,
    Signer,
    SigningKeys,
)
from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.domain.commands import DeliverArchive, EraseArchive
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import Archive, RequestType

PART_NAME = re.compile(r"([0-9]{4})-[0-9a-f]{8}")
"""Number and attempt, as `part_name` makes it."""
MOST_PARTS = 2_000
"""Of one attempt: with parts of 8 MiB, more than 15 GB. Their list must fit into one message of 256 KiB."""
MOST_STORED = 10 * MOST_PARTS
"""Of one participant, with what interrupted attempts left; beyond it no attempt begins."""


ARCHIVE = "archive"


class GrantRefused(Exception):
    """No upload: `reason` is not-collecting, unknown-participant, bad-part-name or too-many-parts."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Exports:
    """kept_for: how long an archive can be downloaded. most_stored: parts of one participant, of all its attempts."""

    store: EventStore
    book: RequestBook
    keys: ExportKeys
    archives: ArchiveStore
    progress: ExportProgress
    signing: SigningKeys
    queue: Queue
    clock: Clock
    kept_for: timedelta
    most_stored: int = MOST_STORED

    def account_to_upload_for(self, request_id: str, participant: str, part: str) -> str:
        """Whose export the part belongs to, if that participant may write it now. Raises GrantRefused."""
        with self.store.transaction() as tx:
            state = self._state(tx, request_id)
            stored = _granted_number(state, participant, part) - 1
            if stored:
                self.progress.note(tx, request_id, participant, stored, stored * PIECE)
        if not stored and self.archives.has_parts(request_id, state.account_id, participant, self.most_stored):
            raise GrantRefused("too-many-parts")
        return state.account_id

    def assemble(self, task: Task) -> None:
        """Task: every part is there. A repetition after a crash writes the archive again; only the last one counts."""
        request_id = task.payload["request_id"]
        with self.store.transaction() as tx:
            state, signer = self._state(tx, request_id), self.signing.current(tx)
        archive = self._assembled(state, signer) if state.running and state.collected else None

        def work(tx: Transaction) -> None:
            if archive is not None and self._state(tx, request_id).running:
                execute(tx, request, request_stream(request_id), DeliverArchive(archive, self.clock()))
                self.book.keep_archive(tx, request_id, state.account_id, archive.size, archive.expires_at)
                self.keys.forget(tx, request_id)
                self.progress.forget(tx, request_id)
            self.queue.complete(tx, task)

        repeated(self.store, work)

    def erase(self, task: Task) -> None:
        """Task: the archive's time is over. Raises ArchiveStillValid, and then the task is tried again later."""
        request_id = task.payload["request_id"]
        with self.store.transaction() as tx:
            state = self._state(tx, request_id)
        request.decide(EraseArchive(self.clock()), state)
        self.archives.erase_archive(request_id, state.account_id)

        def work(tx: Transaction) -> None:
            execute(tx, request, request_stream(request_id), EraseArchive(self.clock()))
            self.book.drop_archive(tx, request_id)
            self.queue.complete(tx, task)

        repeated(self.store, work)

    def discard(self, task: Task) -> None:
        """Task: parts and their key are not needed any more; nor is the archive of a request that was denied."""
        request_id = task.payload["request_id"]
        with self.store.transaction() as tx:
            state = self._state(tx, request_id)
        self.archives.erase_parts(request_id, state.account_id)
        if state.archive is None:
            self.archives.erase_archive(request_id, state.account_id)

        def work(tx: Transaction) -> None:
            self.keys.forget(tx, request_id)
            self.progress.forget(tx, request_id)
            self.queue.complete(tx, task)

        repeated(self.store, work)

    def _assembled(self, state: Request, signer: Signer) -> Archive | None:
        """None when the account is being erased: its keys are gone, and the request is denied."""
        try:
            private_key = self.keys.private(state.id)
            if private_key is None:
                return None
            now = self.clock()
            parts = tuple(state.parts[name] for name in state.participants)
            assembly = Assembly(state.id, state.account_id, private_key, parts, now)
            size, entries = self.archives.store(assembly, signer, partial(self._written, state.id))
        except KeyDestroyed:
            return None
        return Archive(size, entries, now + self.kept_for)

    def _written(self, request_id: str, size: int) -> None:
        with self.store.transaction() as tx:
            self.progress.note(tx, request_id, ARCHIVE, 0, size)

    def _state(self, tx: Transaction, request_id: str) -> Request:
        return load(tx, request, request_stream(request_id))[0]


def _granted_number(state: Request, participant: str, part: str) -> int:
    if state.type is not RequestType.ACCESS or not state.running or state.collected:
        raise GrantRefused("not-collecting")
    if participant not in state.asked or participant in state.parts:
        raise GrantRefused("unknown-participant")
    named = PART_NAME.fullmatch(part)
    if named is None or not (number := int(named[1])):
        raise GrantRefused("bad-part-name")
    if number > MOST_PARTS:
        raise GrantRefused("too-many-parts")
    return number
