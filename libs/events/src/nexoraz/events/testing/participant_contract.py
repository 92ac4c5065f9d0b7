"""What a service must do to take part in erasure and export. A service subclasses this and gives the fixture `subject`:

    class TestTakesPart(ParticipantContract):
        pass

    @pytest.fixture(scope="class")
    def subject(…) -> Subject:
        return Subject.of(build(settings))

Accounts are made up from the declarations (made_up.py), so a table or field that is added later is tried as well. All
tests of a class share the subject; each has accounts of its own.
"""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete

from nexoraz.events.classification import Personal
from nexoraz.events.columns import classify_column
from nexoraz.events.export_parts import new_export_key
from nexoraz.events.holdings import TableHolding
from nexoraz.events.inbox import Inbox, Incoming
from nexoraz.events.protocol_contracts import ErasureRequested, ExportRequested, ResidueScanRequested
from nexoraz.events.protocol_events import ErasureBegun, ErasureFinished, PartsWritten
from nexoraz.events.receipts import ERASED, NOTHING, RETAINED, UNVERIFIED
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased
from nexoraz.events.testing.made_up import id_of, marker
from nexoraz.events.testing.subject import Killed, Subject

STEPS = 40
"""More commits than any erasure has."""


def facts(receipt: ErasureFinished) -> dict[str, Any]:
    """A receipt without its moments and ids."""
    return {
        "outcome": receipt.outcome,
        "lines": {(x.category, x.store): (x.found, x.erased, x.retained, x.left) for x in receipt.lines if x.found},
        "keys": receipt.keys_destroyed,
        "bus": receipt.bus_purged,
    }


class ParticipantContract:
    """Every promise that the coordinator relies on, each under the name of what would be broken without it."""

    def test_the_receipt_names_every_store_and_what_went_from_it(self, subject: Subject) -> None:
        account = subject.new_account()
        receipt = subject.erase(account)
        kept = [h.store for h in subject.holdings.tables if h.retained is not None]
        told = {line.store for line in receipt.lines if line.found}
        assert told == {h.store for h in subject.holdings.tables} | {h.store for h in subject.holdings.objects} | {
            "events"
        }, "a declared store is missing in the receipt"
        kept_any = any(line.retained for line in receipt.lines)
        assert receipt.outcome == (RETAINED if kept_any else ERASED), receipt.outcome
        for line in receipt.lines:
            assert line.left == 0 and line.found == line.erased + line.retained, line
            assert not line.retained or (line.store in kept and line.basis and line.until), line
        assert receipt.keys_destroyed > 0 and receipt.bus_purged == 3, "keys or messages are not counted"

    def test_an_erasure_leaves_nothing_in_any_declared_store(self, subject: Subject) -> None:
        account = subject.new_account()
        assert subject.rows_of(account), "nothing was made up"
        subject.erase(account)
        scanned = subject.scan(account)
        left = [line for line in scanned.lines if line.found > line.retained]
        assert (scanned.residue, left) == (0, []), f"still there: {left}"
        assert subject.rows_of(account) == {}, f"still there: {subject.rows_of(account)}"
        for held in subject.holdings.objects:
            assert list(held.objects.bucket.found(f"{account}/")) == [], f"still there: {held.store}"

    def test_nothing_changes_for_anybody_else(self, subject: Subject) -> None:
        account, other = subject.new_account(), subject.new_account()
        before = subject.fingerprint(other)
        subject.erase(account)
        assert subject.fingerprint(other) == before, "somebody else's data changed"
        assert other in subject.export(other).whole
        assert subject.bus.messages[other] == 3

    def test_an_account_of_which_nothing_is_held_is_said_to_be_so(self, subject: Subject) -> None:
        receipt = subject.erase(str(uuid4()))
        assert (receipt.outcome, [line for line in receipt.lines if line.found]) == (NOTHING, [])

    def test_a_silent_no_op_is_unverified(self, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
        account = subject.new_account()
        monkeypatch.setattr(type(subject.holdings), "erase_rows", lambda *_: [])
        receipt = subject.erase(account)
        assert receipt.outcome == UNVERIFIED, f"not {UNVERIFIED}, although nothing went: {receipt.outcome}"
        monkeypatch.undo()
        assert subject.erase(account).outcome in (ERASED, RETAINED)

    def test_killed_at_any_step_the_receipt_is_the_same(self, subject: Subject) -> None:
        wanted = facts(subject.erase(subject.new_account()))
        for step in range(1, STEPS):
            account = subject.new_account()
            request_id = subject.begin(account)
            try:
                with subject.killed_at(step):
                    subject.work()
                return
            except Killed:
                subject.work()
                receipt = subject.last(ErasureFinished, request_id)
                assert facts(receipt) == wanted, f"killed at step {step}"
        raise AssertionError("an erasure that never ends")

    def test_repeated_messages_have_their_effect_once(self, subject: Subject) -> None:
        account = subject.new_account()
        request_id = subject.begin(account, key=account)
        subject.begin(account, request_id, key=account)
        assert subject.work() == 1 and len(subject.recorded(ErasureBegun, request_id)) == 1
        first = subject.last(ErasureFinished, request_id)
        subject.begin(account, request_id)
        subject.work()
        assert subject.recorded(ErasureFinished, request_id) == [first, first]

    def test_what_comes_after_the_erasure_is_refused(self, subject: Subject) -> None:
        account = subject.new_account()
        subject.erase(account)
        before = subject.rows_of(account)
        with pytest.raises((AccountErased, KeyDestroyed)):
            subject.say_more(account)
        with pytest.raises(KeyDestroyed):
            subject.vault.seal(account, "anything", b"late", "c")
        assert subject.rows_of(account) == before == {}

    def test_a_rebuild_brings_nothing_of_the_erased_back(self, subject: Subject) -> None:
        account = subject.new_account()
        subject.erase(account)
        subject.rebuild()
        assert subject.rows_of(account) == {}
        assert subject.scan(account).residue == 0

    def test_an_export_holds_every_declared_field(self, subject: Subject) -> None:
        account = subject.new_account()
        exported = subject.export(account)
        for held in (h for h in subject.holdings.tables if h.present is not None):
            assert exported.records.get(held.store), f"{held.store} is not in the export"
            for field in self.fields_of(held):
                where = f"{held.store}.{field}"
                value = str(subject.overrides[where](account)) if where in subject.overrides else marker(account, where)
                assert value in exported.told(held.store), f"{where} is not in the export"
        for type_ in subject.store.registry.types():
            for field in type_.personal:
                told = exported.told("events")
                assert f'"{type_.name}"' in told and f'"{field}"' in told, f"{type_.name}.{field} is not in the export"

    def fields_of(self, held: TableHolding) -> list[str]:
        """The personal columns that an export must show."""
        columns = [c for c in held.table.columns if isinstance(classify_column(c), Personal)]
        return [column.name for column in columns if column.name not in held.withheld]

    def test_an_export_holds_every_file(self, subject: Subject) -> None:
        account = subject.new_account()
        exported = subject.export(account)
        for held in (h for h in subject.holdings.objects if h.exported):
            assert exported.files.get(held.store) == [subject.content(held.store, account)], held.store

    def test_an_export_holds_nothing_of_other_people(self, subject: Subject) -> None:
        account, other = subject.new_account(), subject.new_account()
        whole = subject.export(account).whole
        assert account in whole, "the export is empty"
        assert other not in whole and id_of(other) not in whole, "the export holds something of another person"

    def test_a_request_for_others_is_none_of_its_business(self, subject: Subject) -> None:
        account = subject.new_account()
        before, request_id = subject.fingerprint(account), str(uuid4())
        subject.receive(ErasureRequested(account, request_id, ["another"]))
        subject.receive(ResidueScanRequested(account, request_id, ["another"]))
        subject.receive(ExportRequested(account, request_id, new_export_key()[1], ["another"]))
        assert subject.work() == 0 and subject.fingerprint(account) == before

    def test_a_request_that_it_does_not_know_waits_for_an_operator_and_changes_nothing(self, subject: Subject) -> None:
        account, request_id = subject.new_account(), str(uuid4())
        before = subject.fingerprint(account)
        inbox = Inbox("privacy", subject.engine, subject.store, subject.participation.handlers)
        inbox.load([0])
        headers = {
            "ce-type": "nexoraz.privacy.something-else.v1",
            "ce-id": str(uuid4()),
            "ce-time": "2026-01-01T00:00:00Z",
        }
        payload = b'{"account_id":"%s"}' % account.encode()
        assert inbox.handle([Incoming("s", 1, 1, 0, request_id, headers, payload)], "1") == 1
        assert subject.work() == 0 and subject.fingerprint(account) == before
        with subject.engine.begin() as connection:
            letters = subject.store.tables.dead_letters
            assert connection.execute(delete(letters).where(letters.c.key == request_id)).rowcount == 1

    def test_an_erased_account_is_not_exported(self, subject: Subject) -> None:
        account, request_id = subject.new_account(), str(uuid4())
        subject.erase(account)
        subject.receive(ExportRequested(account, request_id, new_export_key()[1], [subject.service]))
        assert subject.work() == 0 and subject.recorded(PartsWritten, request_id) == []

    def test_what_is_announced_is_the_data_map(self, subject: Subject) -> None:
        described = subject.participation.data_map()
        assert described["service"] == subject.service
        assert set(described["tables"]) == {t.name for t in subject.holdings.metadata.sorted_tables}
