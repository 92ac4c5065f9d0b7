"""A hold keeps just its record: through an erasure that is killed anywhere, until its release, and no longer."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, select

from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.held_copies import account_of_hold
from nexoraz.events.kek import LocalKek
from nexoraz.events.protocol_contracts import ErasureRequested, HoldPlaced, HoldReleased, ResidueScanRequested
from nexoraz.events.protocol_events import AccountScanned, ErasureFinished, HoldAnswered, RecordsErased
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.residue import sweep
from nexoraz.events.tasks import Postpone
from nexoraz.events.testing import FixedClock
from nexoraz.events.testing.notebook import INVOICES, KERNEL, METADATA, PHOTOS, TAX, Notebook
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"
REQUEST = "7a000000-0000-4000-8000-000000000001"
CLAIM = "legal-claim: case 4711 (GDPR Art. 17(3)(e))"
UNTIL = datetime(2031, 1, 1, tzinfo=UTC)


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


def hold(notebook: Notebook, store: str, record_id: str, category: str = "", account: str = ANN) -> str:
    """Place a hold and let the service answer."""
    hold_id = str(uuid4())
    notebook.receive(HoldPlaced(account, hold_id, "notebook", store, record_id, category, CLAIM, UNTIL))
    notebook.work("place-hold")
    return hold_id


def release(notebook: Notebook, hold_id: str, account: str = ANN) -> None:
    notebook.receive(HoldReleased(account, hold_id, "notebook"))
    notebook.work("release-hold")


def erase(notebook: Notebook, account: str = ANN, request: str = REQUEST) -> Any:
    notebook.receive(ErasureRequested(account, request, ["notebook"]))
    notebook.work()
    return notebook.events(ErasureFinished)[-1]


def answers(notebook: Notebook) -> list[tuple[str, int]]:
    return [(answer.outcome, answer.records) for answer in notebook.events(HoldAnswered)]


def lines(finished: Any) -> dict[str, tuple[int, int, int, int]]:
    return {line.store: (line.found, line.erased, line.retained, line.left) for line in finished.lines if line.found}


def scan(notebook: Notebook, account: str = ANN) -> Any:
    notebook.receive(ResidueScanRequested(account, REQUEST, ["notebook"]))
    notebook.work()
    return notebook.events(AccountScanned)[-1]


def kept(notebook: Notebook, account: str = ANN) -> dict[str, Any]:
    """What the holds keep of an account, opened with their own keys: store → record."""
    records = KERNEL.held_records
    with notebook.engine.connect() as connection:
        rows = connection.execute(select(records).where(records.c.account_id == account)).all()
    opened = {}
    for row in rows:
        context = f"{row.store}|{row.record_id}"
        raw = notebook.vault.open(account_of_hold(row.hold_id), "hold", bytes(row.body), context)
        opened[f"{row.store}|{row.record_id}"] = msgspec.json.decode(raw)
    return opened


def event_id(notebook: Notebook, account: str = ANN) -> str:
    events = KERNEL.events
    with notebook.engine.connect() as connection:
        mine = select(events.c.id).where(events.c.account_id == account).order_by(events.c.position)
        return str(connection.execute(mine).scalars().first())


class TestErasure:
    def test_a_held_row_is_left_and_everything_else_goes(self, notebook: Notebook) -> None:
        notebook.live(ANN, notes=3)
        hold(notebook, "notes", f"{ANN}-1")
        assert answers(notebook) == [("placed", 1)]
        finished = erase(notebook)
        assert finished.outcome == "partially-retained"
        assert lines(finished)["notes"] == (3, 2, 1, 0) and lines(finished)["note_lines"] == (3, 3, 0, 0)
        [line] = [line for line in finished.lines if line.retained]
        assert (line.basis, line.until) == (CLAIM, "2031-01-01T00:00:00Z")
        assert kept(notebook) == {
            f"notes|{ANN}-1": {"id": f"{ANN}-1", "account_id": ANN, "title": f"title {ANN}-1", "copied_from": ""}
        }
        assert not any(notebook.rows_of(ANN).values()) and list(notebook.objects.bucket.found(f"{ANN}/")) == []

    def test_the_keys_of_the_account_are_gone_and_open_nothing_of_it(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        with notebook.engine.connect() as connection:
            [row] = connection.execute(select(KERNEL.held_records)).all()
        with pytest.raises(KeyDestroyed):
            notebook.vault.open(ANN, "hold", bytes(row.body), f"notes|{ANN}-1")
        assert b"title" not in bytes(row.body)

    def test_a_held_event_is_left_with_what_it_said(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        held = event_id(notebook)
        hold(notebook, "events", held)
        finished = erase(notebook)
        assert lines(finished)["events"] == (3, 2, 1, 0)
        [record] = kept(notebook).values()
        assert record["type"] == "note-added.v1" and record["data"]["text"] == f"secret 0 of {ANN}"

    def test_a_held_object_is_left_under_the_name_of_the_hold(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        hold_id = hold(notebook, "objects/photos", f"{ANN}-photo")
        finished = erase(notebook)
        assert lines(finished)["objects/photos"] == (1, 0, 1, 0)
        whole = b"".join(notebook.objects.open_range(account_of_hold(hold_id), PHOTOS, f"{ANN}-photo"))
        assert whole == b"a cup of coffee" * 5000 and list(notebook.objects.bucket.found(f"{ANN}/")) == []

    def test_a_held_category_is_left_whole(self, notebook: Notebook) -> None:
        notebook.live(ANN, notes=3)
        hold(notebook, "", "", "user.content")
        finished = erase(notebook)
        assert lines(finished)["notes"] == (3, 0, 3, 0) and lines(finished)["events"] == (3, 0, 3, 0)
        assert lines(finished)["objects/photos"] == (1, 1, 0, 0)

    def test_two_holds_on_one_record_need_two_releases(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        first, second = hold(notebook, "notes", f"{ANN}-1"), hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        release(notebook, first)
        assert len(kept(notebook)) == 1
        release(notebook, second)
        assert kept(notebook) == {}

    def test_the_scan_accepts_exactly_what_is_held(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        scanned = scan(notebook)
        assert scanned.residue == 0 and sum(line.retained for line in scanned.lines) > 0
        with notebook.engine.begin() as connection:
            connection.execute(KERNEL.held_records.update().values(hold_id="nobody's"))
        assert scan(notebook).residue > 0 and sum(r.found - r.retained for _, r in sweep(notebook.holdings)) > 0

    def test_others_are_untouched(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.live(BOB)
        before = notebook.fingerprint(BOB)
        held = hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        release(notebook, held)
        assert notebook.fingerprint(BOB) == before

    def test_what_a_law_keeps_stays_in_its_place_until_the_hold_ends_too(
        self, notebook: Notebook, clock: FixedClock
    ) -> None:
        notebook.live(ANN, invoices=2)
        with notebook.engine.connect() as connection:
            held = connection.execute(select(INVOICES.c.id)).scalars().first()
        hold_id = hold(notebook, "invoices", str(held))
        finished = erase(notebook)
        assert lines(finished)["invoices"] == (2, 0, 2, 0) and TAX in [line.basis for line in finished.lines]
        clock.advance(days=3660)
        assert notebook.retention().run() == 1
        with notebook.engine.connect() as connection:
            assert connection.execute(select(INVOICES.c.id)).scalars().all() == [held]
        release(notebook, hold_id)
        assert notebook.retention().run() == 1 and scan(notebook).residue == 0


class TestRelease:
    def test_it_removes_the_record_destroys_its_key_and_tells_the_request(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        held = hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        release(notebook, held)
        assert kept(notebook) == {} and answers(notebook)[-1] == ("released", 1)
        [told] = notebook.published(RecordsErased)
        assert (told.request_id, told.cause, [(x.store, x.erased) for x in told.lines]) == (
            REQUEST, held, [("notes", 1)],
        )  # fmt: skip
        with pytest.raises(KeyDestroyed):
            notebook.vault.seal(account_of_hold(held), "hold", b"x", "c")
        assert scan(notebook).residue == 0
        with notebook.engine.connect() as connection:
            assert connection.execute(select(func.count()).select_from(KERNEL.legal_holds)).scalar_one() == 0

    def test_objects_go_with_every_version(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        held = hold(notebook, "objects/photos", f"{ANN}-photo")
        erase(notebook)
        release(notebook, held)
        assert list(notebook.objects.bucket.found("")) == []

    def test_before_an_erasure_it_leaves_nothing_behind(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        held = hold(notebook, "notes", f"{ANN}-1")
        release(notebook, held)
        assert erase(notebook).outcome == "erased" and notebook.events(RecordsErased) == []

    def test_while_the_account_is_being_erased_it_waits(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        held = hold(notebook, "notes", f"{ANN}-1")
        notebook.receive(ErasureRequested(ANN, REQUEST, ["notebook"]))
        notebook.receive(HoldReleased(ANN, held, "notebook"))
        with pytest.raises(Postpone):
            notebook.work("release-hold")
        notebook.work("erase")
        assert notebook.events(ErasureFinished)[-1].outcome == "partially-retained"
        notebook.work("release-hold")
        assert len(notebook.published(RecordsErased)) == 1 and kept(notebook) == {}

    def test_told_twice_it_has_its_effect_once(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        held = hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        release(notebook, held)
        release(notebook, held)
        assert len(notebook.events(RecordsErased)) == 1

    def test_a_store_restored_to_before_the_release_releases_again_without_the_key(self, notebook: Notebook) -> None:
        """The backup brings the row back; the vault is no part of it, and the message comes again."""
        notebook.live(ANN)
        held = hold(notebook, "notes", f"{ANN}-1")
        erase(notebook)
        with notebook.engine.connect() as connection:
            backup = {
                t: connection.execute(select(t)).mappings().all() for t in (KERNEL.held_records, KERNEL.legal_holds)
            }
        release(notebook, held)
        with notebook.engine.begin() as connection:
            for table, rows in backup.items():
                connection.execute(table.insert(), [dict(row) for row in rows])
        with pytest.raises(KeyDestroyed):
            kept(notebook)
        release(notebook, held)
        assert kept(notebook) == {} and {told.cause for told in notebook.published(RecordsErased)} == {held}


class TestPlacing:
    @pytest.mark.parametrize("store", ["notes", "events", "objects/photos", "invoices"])
    def test_what_is_not_there_is_said_and_not_assumed(self, notebook: Notebook, store: str) -> None:
        notebook.live(ANN)
        hold(notebook, store, "no-such-record")
        assert answers(notebook) == [("not-found", 0)]
        assert erase(notebook).outcome == "erased"

    def test_a_record_of_another_account_is_not_found(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.live(BOB)
        hold(notebook, "notes", f"{BOB}-1")
        assert answers(notebook) == [("not-found", 0)]

    @pytest.mark.parametrize(("store", "category"), [("tasks", ""), ("no-store", ""), ("", "user.nothing")])
    def test_what_cannot_be_held_is_refused(self, notebook: Notebook, store: str, category: str) -> None:
        notebook.live(ANN)
        hold(notebook, store, "1" if store else "", category)
        assert answers(notebook) == [("not-supported", 0)]

    def test_after_the_erasure_began_it_is_refused(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(ErasureRequested(ANN, REQUEST, ["notebook"]))
        hold(notebook, "notes", f"{ANN}-1")
        assert answers(notebook) == [("account-erased", 0)]
        notebook.work()
        assert notebook.events(ErasureFinished)[-1].outcome == "erased"

    def test_it_binds_before_it_is_answered(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.receive(HoldPlaced(ANN, "h1", "notebook", "notes", f"{ANN}-1", "", CLAIM, UNTIL))
        notebook.receive(ErasureRequested(ANN, REQUEST, ["notebook"]))
        notebook.work("erase")
        assert len(kept(notebook)) == 1
        notebook.work("place-hold")
        assert answers(notebook)[0][0] == "placed" and len(kept(notebook)) == 1

    def test_a_hold_for_others_is_none_of_ours(self, notebook: Notebook) -> None:
        notebook.receive(HoldPlaced(ANN, "h1", "assets", "photos", "1", "", CLAIM, UNTIL))
        notebook.receive(HoldReleased(ANN, "h1", "assets"))
        assert notebook.waiting() == 0


class Killed(BaseException):
    """Stands for SIGKILL."""


STEPS = ["seal", "put_stream", "_keep", "destroy", "erase_rows", "erase_objects", "everything", "kept"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_receipt_is_the_same_and_the_record_is_there(
    notebook: Notebook, step: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.live(BOB)
    held_of_bob = hold(notebook, "notes", f"{BOB}-1", account=BOB)
    expected = [(x.store, x.found, x.erased, x.retained) for x in erase(notebook, BOB, "undisturbed").lines]
    release(notebook, held_of_bob, BOB)
    notebook.live(ANN)
    hold(notebook, "notes", f"{ANN}-1")
    object_hold = hold(notebook, "objects/photos", f"{ANN}-photo")
    notebook.receive(ErasureRequested(ANN, REQUEST, ["notebook"]))
    holds = notebook.participation._holds
    owner = next(o for o in (notebook.vault, notebook.objects, holds, notebook.holdings) if hasattr(o, step))
    original = getattr(type(owner), step)

    def dies(*arguments: Any) -> None:
        if after:
            original(*arguments)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(type(owner), step, dies)
        with pytest.raises(Killed):
            notebook.work("erase")
    notebook.work("erase")
    finished = notebook.events(ErasureFinished)[-1]
    got = [(x.store, x.found, x.erased, x.retained) for x in finished.lines]
    assert [x for x in got if x[0] != "objects/photos"] == [x for x in expected if x[0] != "objects/photos"]
    assert ("objects/photos", 1, 0, 1) in got and finished.outcome == "partially-retained"
    assert kept(notebook)[f"notes|{ANN}-1"]["title"] == f"title {ANN}-1"
    photo = b"".join(notebook.objects.open_range(account_of_hold(object_hold), PHOTOS, f"{ANN}-photo"))
    assert photo == b"a cup of coffee" * 5000 and scan(notebook).residue == 0


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_exactly_what_is_held_is_left_and_nothing_after_the_releases(notebook: Notebook, data: st.DataObject) -> None:
    account = str(uuid4())
    notes = data.draw(st.integers(1, 4))
    notebook.live(account, notes=notes)
    everything = [("notes", f"{account}-{n}") for n in range(notes)]
    everything += [("objects/photos", f"{account}-photo"), ("events", event_id(notebook, account))]
    wanted = data.draw(st.lists(st.sampled_from(everything), unique=True))
    ids = [hold(notebook, store, record, account=account) for store, record in wanted]
    before = data.draw(st.integers(0, len(ids)))
    for hold_id in ids[:before]:
        release(notebook, hold_id, account)
    erase(notebook, account, str(uuid4()))
    assert set(kept(notebook, account)) == {f"{store}|{record}" for store, record in wanted[before:]}
    assert not any(notebook.rows_of(account).values())
    for hold_id in data.draw(st.permutations(ids[before:])):
        release(notebook, hold_id, account)
    names = [account, *map(account_of_hold, ids)]
    assert kept(notebook, account) == {} and not any(list(notebook.objects.bucket.found(f"{n}/")) for n in names)
    assert scan(notebook, account).residue == 0
