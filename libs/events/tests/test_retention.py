"""What is past its term goes by itself, exactly once, and nothing else does; the clock is moved."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import pytest
from sqlalchemy import Engine, MetaData, Table, Text, create_engine, func, select

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.classification import Id, Personal
from nexoraz.events.columns import operational, pseudonym
from nexoraz.events.dead_letters import DEAD, Parked, inspect, letters, park
from nexoraz.events.event import Event, Stream
from nexoraz.events.holdings import Holdings, TableHolding, Unlinked
from nexoraz.events.kek import LocalKek
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.events.protocol_events import ErasureFinished, RecordsErased, RetentionApplied
from nexoraz.events.registry import ERASED, Registry
from nexoraz.events.retention import Retention
from nexoraz.events.rules import CONTRACT, Rule, Term, Unruled
from nexoraz.events.schema import STAMP, KernelTables
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.testing import FixedClock
from nexoraz.events.testing.notebook import INVOICES, KERNEL, METADATA, NOTES, Notebook
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"
REQUEST = "7a000000-0000-4000-8000-000000000001"
TEN_YEARS = 3653


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def notebook(kernel_database: Engine, database: Callable[[], str], tmp_path: Path, clock: FixedClock) -> Notebook:
    METADATA.create_all(kernel_database)
    kek, engine = LocalKek(tmp_path / "kek"), create_engine(database().replace("postgresql:", "postgresql+psycopg:"))
    migrate_vault(engine, kek)
    notebook = Notebook(kernel_database, Vault(engine, kek), MemoryBucket())
    notebook.store.clock = clock
    return notebook


def invoices(notebook: Notebook) -> int:
    with notebook.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(INVOICES)).scalar_one())


def erased(notebook: Notebook, account: str) -> None:
    notebook.receive(ErasureRequested(account, REQUEST, ["notebook"]))
    notebook.work()


class TestTerms:
    def test_a_record_goes_when_its_term_is_over_and_not_before(self, notebook: Notebook, clock: FixedClock) -> None:
        notebook.live(ANN, invoices=2)
        clock.advance(days=TEN_YEARS - 1)
        assert notebook.retention().run() == 0 and invoices(notebook) == 2
        clock.advance(days=2)
        assert notebook.retention().run() == 2 and invoices(notebook) == 0
        assert notebook.rows_of(ANN)["notes"] == 3

    def test_what_went_is_told_in_numbers_only(self, notebook: Notebook, clock: FixedClock) -> None:
        notebook.live(ANN, invoices=2)
        clock.advance(days=TEN_YEARS + 1)
        notebook.retention().run()
        [told] = notebook.published(RetentionApplied)
        assert told.type_name() == "nexoraz.notebook.retention-applied.v1"
        assert (told.participant, told.rule, told.store, told.action, told.records) == (
            "notebook", "invoices", "invoices", "erase", 2,
        )  # fmt: skip
        assert notebook.published(RecordsErased) == []

    def test_records_kept_by_an_erasure_go_later_and_the_request_is_told(
        self, notebook: Notebook, clock: FixedClock
    ) -> None:
        notebook.live(ANN, invoices=2)
        notebook.live(BOB, invoices=1)
        erased(notebook, ANN)
        assert notebook.events(ErasureFinished)[0].outcome == "partially-retained"
        clock.advance(days=TEN_YEARS + 1)
        assert notebook.retention().run() == 3
        [told] = notebook.published(RecordsErased)
        [line] = told.lines
        assert (told.request_id, told.participant) == (REQUEST, "notebook")
        assert (line.store, line.category, line.erased) == ("invoices", "user.financial", 2)

    def test_a_run_is_repeated_without_effect(self, notebook: Notebook, clock: FixedClock) -> None:
        notebook.live(ANN, invoices=2)
        clock.advance(days=TEN_YEARS + 1)
        assert [notebook.retention().run() for _ in range(3)] == [2, 0, 0]
        assert len(notebook.events(RetentionApplied)) == 1

    def test_small_batches_do_all_of_it_and_count_each_record_once(self, notebook: Notebook, clock: FixedClock) -> None:
        notebook.live(ANN, notes=0, invoices=7)
        clock.advance(days=TEN_YEARS + 1)
        assert notebook.retention(batch=3).run() == 7
        assert [event.records for event in notebook.events(RetentionApplied)] == [3, 3, 1]

    def test_a_run_that_dies_goes_on_where_it_was(
        self, notebook: Notebook, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        notebook.live(ANN, notes=0, invoices=7)
        clock.advance(days=TEN_YEARS + 1)
        calls, apply = [0], Retention._apply

        def killed(*arguments: object) -> int:
            calls[0] += 1
            if calls[0] == 3 + 1:
                raise KeyboardInterrupt
            return apply(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(Retention, "_apply", killed)
        with pytest.raises(KeyboardInterrupt):
            notebook.retention(batch=2).run()
        monkeypatch.undo()
        before = sum(event.records for event in notebook.events(RetentionApplied))
        assert 0 < before < 7 and invoices(notebook) == 7 - before
        notebook.retention(batch=2).run()
        assert sum(event.records for event in notebook.events(RetentionApplied)) == 7 and invoices(notebook) == 0

    def test_replicas_at_once_divide_the_work(self, notebook: Notebook, clock: FixedClock) -> None:
        notebook.live(ANN, notes=0, invoices=40)
        clock.advance(days=TEN_YEARS + 1)
        done: list[int] = []
        threads = [threading.Thread(target=lambda: done.append(notebook.retention(batch=3).run())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        notebook.retention().run()
        assert invoices(notebook) == 0 and sum(e.records for e in notebook.events(RetentionApplied)) == 40

    def test_an_account_that_is_being_erased_is_left_to_its_erasure(
        self, notebook: Notebook, clock: FixedClock
    ) -> None:
        notebook.live(ANN, invoices=2)
        notebook.receive(ErasureRequested(ANN, REQUEST, ["notebook"]))
        clock.advance(days=TEN_YEARS + 1)
        assert notebook.retention().run() == 0
        notebook.work()
        [finished] = notebook.events(ErasureFinished)
        assert finished.outcome == "erased" and invoices(notebook) == 0

    def test_what_is_due_is_shown_and_stays(self, notebook: Notebook, clock: FixedClock) -> None:
        notebook.live(ANN, invoices=2)
        paid = clock()
        clock.advance(days=TEN_YEARS + 1)
        due = {line.store: line for line in notebook.retention().due()}
        assert due["invoices"].records == 2 and due["dead_letters"].records == 0
        since = due["invoices"].since
        assert since is not None and abs(since - paid - timedelta(days=TEN_YEARS)) < timedelta(minutes=1)
        assert invoices(notebook) == 2 and notebook.events(RetentionApplied) == []
        titles, *lines, _, said = notebook.retention().lines(apply=False)
        assert titles.startswith("store") and said == "nothing was changed"
        assert any(line.split()[:4] == ["invoices", "invoices", "erase", "2"] for line in lines)
        assert notebook.retention().lines(apply=True)[-1] == "2 records ended" and invoices(notebook) == 0


def test_a_letter_that_nobody_decides_loses_its_body_and_stays_to_be_seen(
    notebook: Notebook, clock: FixedClock
) -> None:
    parked = Parked("privacy", 0, "some-key", 7, {"ce-type": "x.v1"}, b'{"about": "someone"}')
    with notebook.engine.begin() as connection:
        park(connection, parked, DEAD, "ValueError")
    clock.advance(days=91)
    assert notebook.retention().run() == 1 and notebook.retention().run() == 0
    with notebook.engine.connect() as connection:
        [letter] = letters(connection, KERNEL)
        found = inspect(connection, KERNEL, letter.id)
    assert found is not None and found[1:] == ({}, b"") and found[0].type == "x.v1"
    [told] = notebook.events(RetentionApplied)
    assert (told.store, told.action) == ("dead_letters", "pseudonymise")


class Opened(Event, frozen=True):
    note_id: Id
    device: Annotated[str, Personal("user.device", retention="trace")]


TRACE = Rule("trace", "to notice strangers", CONTRACT, "30 days", "term", "pseudonymise", after=timedelta(days=30))


def test_a_field_of_an_event_goes_and_the_event_stays(notebook: Notebook, clock: FixedClock) -> None:
    metadata, registry = MetaData(), Registry.of([Opened, *PROTOCOL_EVENTS])
    store = SqlEventStore(notebook.engine, KernelTables(metadata), registry, notebook.vault, clock=clock)
    job = Retention(Holdings("x", store, metadata, notebook.vault, [], [TRACE]), lambda *_: None)
    stream = Stream.of("notes", ANN, ANN)
    with store.transaction() as tx:
        tx.append(stream, 0, [Opened("1", "Firefox")])
    clock.advance(days=20)
    with store.transaction() as tx:
        tx.append(stream, 1, [Opened("2", "Safari")])
    clock.advance(days=20)
    assert (job.run(), job.run()) == (1, 0)
    with store.transaction() as tx:
        assert [r.event for r in tx.read(stream)] == [Opened("1", ERASED), Opened("2", "Safari")]


class TestWholeAccounts:
    """Accounts that nobody ever confirmed, as identity has them."""

    @pytest.fixture
    def expiring(self, notebook: Notebook) -> Notebook:
        rule = Rule("unconfirmed", "to wait for a confirmation", CONTRACT, "7 days", "term")
        term = Term(INVOICES.c.paid_at, timedelta(days=7), whole_account=True)
        declared = [
            TableHolding(INVOICES, "user.financial", "unconfirmed", term) if holding.store == "invoices" else holding
            for holding in notebook.holdings.declared
            if holding.store in ("notes", "note_lines", "invoices", "refusals", "objects/photos")
        ]
        notebook.take_part(Holdings("notebook", notebook.store, METADATA, notebook.vault, declared, [rule]))
        return notebook

    def test_nothing_of_the_account_is_left(self, expiring: Notebook, clock: FixedClock) -> None:
        expiring.live(ANN, invoices=1)
        expiring.live(BOB)
        clock.advance(days=8)
        assert expiring.retention().run() == 1
        expiring.work()
        assert sum(expiring.rows_of(ANN).values()) == 0 and expiring.rows_of(BOB)["notes"] == 3
        assert expiring.retention().run() == 0

    def test_no_request_is_told_of_it(self, expiring: Notebook, clock: FixedClock) -> None:
        expiring.live(ANN, invoices=1)
        clock.advance(days=8)
        expiring.retention().run()
        expiring.work()
        assert len(expiring.events(ErasureFinished)) == 1 and expiring.published(ErasureFinished) == [None]


class TestDeclarations:
    def holdings(self, notebook: Notebook, *holdings: TableHolding | Unlinked) -> Holdings:
        store = SqlEventStore(notebook.engine, KernelTables(MetaData()), notebook.store.registry, notebook.vault)
        return Holdings("x", store, MetaData(), notebook.vault, list(holdings))

    def test_a_rule_that_nobody_declared_is_refused(self, notebook: Notebook) -> None:
        with pytest.raises(Unruled, match="'for-ages' is not declared"):
            self.holdings(notebook, TableHolding(NOTES, "user", retention="for-ages"))

    def test_a_rule_that_nothing_would_apply_is_refused(self, notebook: Notebook) -> None:
        with pytest.raises(Unruled, match="nothing says when"):
            self.holdings(notebook, TableHolding(NOTES, "user", retention="one-day"))

    def test_a_term_without_its_rule_is_refused(self, notebook: Notebook) -> None:
        with pytest.raises(Unruled, match="does not end by a term"):
            self.holdings(notebook, TableHolding(INVOICES, "user", term=Term(INVOICES.c.paid_at)))

    def test_a_term_that_does_something_else_than_its_rule_is_refused(self, notebook: Notebook) -> None:
        with pytest.raises(Unruled, match="does something else"):
            self.holdings(notebook, TableHolding(INVOICES, "user", "undecided", Term(INVOICES.c.paid_at)))

    def test_a_table_of_nobody_cannot_end_with_an_account(self, notebook: Notebook) -> None:
        table = Table("strangers", MetaData(), pseudonym("id", Text, primary_key=True), operational("at", STAMP))
        with pytest.raises(Unruled, match="belongs to none"):
            self.holdings(notebook, Unlinked(table, "why", retention="account-life"))

    def test_a_field_whose_rule_says_not_how_long_is_refused(self, notebook: Notebook) -> None:
        store = SqlEventStore(notebook.engine, KernelTables(MetaData()), Registry.of([Opened]), notebook.vault)
        vague = Rule("trace", "why", CONTRACT, "some time", "term", "pseudonymise")
        with pytest.raises(Unruled, match="how long after"):
            Holdings("x", store, MetaData(), notebook.vault, [], [vague])
