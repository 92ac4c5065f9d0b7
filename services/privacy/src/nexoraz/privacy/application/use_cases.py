"""All use cases of privacy, put together from ports; no adapter is named here, so tests fill it as they like."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from nexoraz.events.store import EventStore
from nexoraz.events.tasks import Task
from nexoraz.privacy.application import follow_ups as tasks
from nexoraz.privacy.application.amending import AMEND_FOR_EPOCH, AMEND_FOR_RECORDS, Amending
from nexoraz.privacy.application.answers import Answers
from nexoraz.privacy.application.certifying import Certifying
from nexoraz.privacy.application.consents import Consents
from nexoraz.privacy.application.exports import Exports
from nexoraz.privacy.application.handling import Handling
from nexoraz.privacy.application.holds import HoldBook, Holds
from nexoraz.privacy.application.oversight import Oversight
from nexoraz.privacy.application.policy_changes import PolicyChanges
from nexoraz.privacy.application.ports import (
    ArchiveStore,
    CertificateBook,
    Clock,
    ExportKeys,
    ExportProgress,
    KeyedHash,
    Queue,
    RequestBook,
    Roster,
    SigningKeys,
)
from nexoraz.privacy.application.recollection import Ledger, Recollection
from nexoraz.privacy.application.referrals import FORGET, LAPSE, WRITE, Contents, Letters, Referrals
from nexoraz.privacy.application.requests import Requests


@dataclass(frozen=True, slots=True)
class Ports:
    """What the use cases need from the world."""

    store: EventStore
    queue: Queue
    book: RequestBook
    holds: HoldBook
    roster: Roster
    hashes: KeyedHash
    export_keys: ExportKeys
    archives: ArchiveStore
    export_progress: ExportProgress
    signing: SigningKeys
    certificates: CertificateBook
    ledger: Ledger
    contents: Contents
    letters: Letters
    clock: Clock
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Terms:
    """What this installation promises. required: participants that are waited for in any case. issuer: public URL."""

    grace: timedelta
    archives_kept_for: timedelta
    required: frozenset[str]
    issuer: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class UseCases:
    requests: Requests
    answers: Answers
    certifying: Certifying
    amending: Amending
    exports: Exports
    oversight: Oversight
    recollection: Recollection
    handling: Handling
    consents: Consents
    policy_changes: PolicyChanges
    referrals: Referrals
    holds: Holds

    def task_handlers(self) -> dict[str, Callable[[Task], None]]:
        """What is done later (follow_ups.py), by kind."""
        return {
            tasks.RUN: self.requests.run_due,
            tasks.CERTIFY: self.certifying.certify,
            AMEND_FOR_EPOCH: self.amending.for_epoch,
            AMEND_FOR_RECORDS: self.amending.for_records,
            tasks.ASSEMBLE: self.exports.assemble,
            tasks.ERASE_ARCHIVE: self.exports.erase,
            tasks.DISCARD: self.exports.discard,
            WRITE: self.referrals.write_letter,
            LAPSE: self.referrals.lapse,
            FORGET: self.referrals.forget,
            tasks.RECORD: self.recollection.record,
            tasks.RECORD_CERTIFICATE: self.recollection.record_certificate,
        }


def use_cases(p: Ports, terms: Terms) -> UseCases:
    """Put them together."""
    handling, oversight = Handling(p.clock), Oversight(p.book, p.clock, p.new_id)
    requests = Requests(
        store=p.store,
        book=p.book,
        holds=p.holds,
        roster=p.roster,
        keys=p.export_keys,
        hashes=p.hashes,
        queue=p.queue,
        clock=p.clock,
        handling=handling,
        new_id=p.new_id,
        grace=terms.grace,
        required=terms.required,
        policy_version=terms.policy_version,
    )
    recollection = Recollection(p.store, p.ledger, p.signing, p.certificates, p.book, p.queue, p.clock)
    certifying = Certifying(p.store, p.signing, p.certificates, p.queue, p.clock, terms.issuer, recollection)
    amending = Amending(p.store, p.signing, p.certificates, p.queue, p.clock, terms.issuer)
    exports = Exports(
        p.store,
        p.book,
        p.export_keys,
        p.archives,
        p.export_progress,
        p.signing,
        p.queue,
        p.clock,
        terms.archives_kept_for,
    )
    consents = Consents(p.signing, p.clock, p.new_id, terms.policy_version, terms.issuer)
    holds = Holds(p.store, p.book, p.holds, p.roster, requests.erasure_of, p.clock, p.new_id)
    answers = Answers(p.clock, p.queue, holds)
    return UseCases(
        requests, answers, certifying, amending, exports, oversight, recollection, handling, consents,
        PolicyChanges(p.clock),
        Referrals(p.store, p.contents, p.letters, p.queue, requests, p.clock, p.new_id),
        holds,
    )  # fmt: skip
