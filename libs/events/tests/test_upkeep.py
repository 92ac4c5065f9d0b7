"""What happens to vault and stores from time to time: rotation told to the coordinator, sweeps, restored vaults."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, delete, insert, select, text, update

from nexoraz.events.attention import Attention
from nexoraz.events.buckets import MemoryBucket
from nexoraz.events.event import Stream
from nexoraz.events.kek import EpochDestroyed, LocalKek
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.events.protocol_events import ErasureFinished, KeyEpochDestroyed
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.restored_vault import destroy_again
from nexoraz.events.rotation import rotate
from nexoraz.events.tasks import GiveUp
from nexoraz.events.testing.notebook import INVOICES, KERNEL, METADATA, NOTES, PHOTOS, Notebook
from nexoraz.events.upkeep import Upkeep
from nexoraz.events.vault import KeyMissing, Tampered, Vault
from nexoraz.events.vault_schema import accounts, epochs, keys, migrate_vault

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"
REQUEST = "7a000000-0000-4000-8000-000000000001"
VAULT_TABLES = (accounts, keys, epochs)


@pytest.fixture
def notebook(kernel_database: Engine, database: Callable[[], str], tmp_path: Path) -> Notebook:
    METADATA.create_all(kernel_database)
    kek, engine = LocalKek(tmp_path / "kek"), create_engine(database().replace("postgresql:", "postgresql+psycopg:"))
    migrate_vault(engine, kek)
    return Notebook(kernel_database, Vault(engine, kek), MemoryBucket())


def upkeep(notebook: Notebook, waited: list[float] | None = None) -> Upkeep:
    """Jobs that do not wait, but let the database believe that they did."""

    def wait(seconds: float) -> None:
        if waited is not None:
            waited.append(seconds)
        with notebook.vault.engine.begin() as connection:
            earlier = epochs.c.destroyed_at - text("make_interval(secs => 11)")
            connection.execute(update(epochs).where(epochs.c.destroyed_at.is_not(None)).values(destroyed_at=earlier))

    return Upkeep("notebook", notebook.store, notebook.vault, notebook.participation, wait)


def erase(notebook: Notebook, account: str = ANN) -> None:
    notebook.receive(ErasureRequested(account, REQUEST, ["notebook"]))
    notebook.work()


def backup(notebook: Notebook) -> dict[str, list[dict[str, object]]]:
    """A copy of the vault's database."""
    with notebook.vault.engine.connect() as connection:
        return {t.name: [dict(row._mapping) for row in connection.execute(select(t))] for t in VAULT_TABLES}


def restored(notebook: Notebook, copy: dict[str, list[dict[str, object]]]) -> Vault:
    """The vault as a new process finds it after that copy was put back."""
    with notebook.vault.engine.begin() as connection:
        for table in VAULT_TABLES:
            connection.execute(delete(table))
            if copy[table.name]:
                connection.execute(insert(table), copy[table.name])
    return Vault(notebook.vault.engine, notebook.vault.kek)


class TestRotation:
    def test_the_coordinator_is_told_of_the_old_epoch_after_the_bound_of_the_caches(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        lines: list[str] = []
        waited: list[float] = []
        assert upkeep(notebook, waited).rotate(lines.append) == 0
        assert 9.0 < waited[0] <= 10.0
        [told] = notebook.events(KeyEpochDestroyed)
        assert told.participant == "notebook" and told.epoch == 1
        apart = datetime.fromisoformat(told.attested_at) - datetime.fromisoformat(told.destroyed_at)
        assert apart.total_seconds() == 10.0
        [published] = notebook.published(KeyEpochDestroyed)
        assert published.type_name() == "nexoraz.notebook.key-epoch-destroyed.v1" and published.key == "notebook"
        assert lines == [
            "2 keys re-wrapped, 0 left",
            "epoch 2 wraps every key; destroyed: 1",
            "epoch 1 is over for good, which the certificates of its erasures will say",
        ]

    def test_before_the_bound_has_passed_nothing_is_told(self, notebook: Notebook) -> None:
        rotate(notebook.vault)
        notebook.participation.keep_vault()
        assert notebook.events(KeyEpochDestroyed) == []

    def test_what_a_killed_rotation_could_not_tell_is_told_later_and_once(self, notebook: Notebook) -> None:
        rotate(notebook.vault)
        upkeep(notebook).wait(0)
        notebook.participation.keep_vault()
        notebook.participation.keep_vault()
        assert [e.epoch for e in notebook.events(KeyEpochDestroyed)] == [1]

    def test_rotations_at_once_end_well_and_tell_each_epoch_once(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        with ThreadPoolExecutor(3) as pool:
            done = [pool.submit(upkeep(notebook).rotate, lambda _: None) for _ in range(3)]
            assert [each.result(60) for each in done] == [0, 0, 0]
        told = [e.epoch for e in notebook.events(KeyEpochDestroyed)]
        assert sorted(set(told)) == told and told[0] == 1
        assert notebook.vault.epochs()[-1].epoch == told[-1] + 1

    def test_an_epoch_is_not_told_before_an_earlier_one_is_over(self, notebook: Notebook) -> None:
        rotate(notebook.vault)
        rotate(notebook.vault)
        upkeep(notebook).wait(0)
        with notebook.vault.engine.begin() as connection:
            connection.execute(update(epochs).where(epochs.c.epoch == 1).values(destroyed_at=None))
        notebook.participation.keep_vault()
        assert notebook.events(KeyEpochDestroyed) == []


class TestBackups:
    def test_a_backup_of_the_data_without_one_of_the_vault_is_unreadable(
        self, notebook: Notebook, database: Callable[[], str], tmp_path: Path
    ) -> None:
        notebook.live(ANN)
        engine = create_engine(database().replace("postgresql:", "postgresql+psycopg:"))
        kek = LocalKek(tmp_path / "another")
        migrate_vault(engine, kek)
        alone = Notebook(notebook.engine, Vault(engine, kek), notebook.objects.bucket)
        with alone.engine.connect() as connection:
            rows = connection.execute(select(KERNEL.events.c.data)).scalars().all()
            titles = connection.execute(select(NOTES.c.title)).scalars().all()
        assert rows and titles and "secret" not in repr([*rows, *titles])
        with pytest.raises(KeyMissing), alone.store.transaction() as tx:
            tx.read(Stream.of("notes", ANN, ANN))
        with pytest.raises(Tampered):
            list(alone.objects.open_range(ANN, PHOTOS, f"{ANN}-photo"))
        engine.dispose()

    def test_a_vault_restored_from_before_an_erasure_loses_the_keys_again(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.live(BOB)
        sealed = notebook.vault.seal(ANN, "account", b"ann", "c")
        copy = backup(notebook)
        erase(notebook)
        vault = restored(notebook, copy)
        assert vault.open(ANN, "account", sealed, "c") == b"ann"  # what must not last
        service = Notebook(notebook.engine, Vault(vault.engine, vault.kek), notebook.objects.bucket)
        service.participation.keep_vault()
        for purpose in ("account", "content"):
            with pytest.raises(KeyDestroyed):
                service.vault.open(ANN, purpose, sealed, "c")
        assert notebook.fingerprint(BOB)
        assert service.vault.seal(BOB, "account", b"x", "c")
        assert notebook.events(ErasureFinished)[-1].outcome == "erased"

    def test_a_rotation_wraps_no_key_anew_that_a_restored_vault_should_not_have(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        notebook.live(BOB)
        copy = backup(notebook)
        erase(notebook)
        restored(notebook, copy)
        lines: list[str] = []
        upkeep(notebook).rotate(lines.append)
        assert lines[0] == "keys of 1 erased accounts destroyed again: the vault is older than their erasure"
        with notebook.vault.engine.connect() as connection:
            assert set(connection.scalars(select(keys.c.account_id))) == {BOB}

    def test_a_vault_restored_from_before_a_rotation_opens_nothing(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        sealed = notebook.vault.seal(ANN, "account", b"ann", "c")
        copy = backup(notebook)
        erase(notebook)
        upkeep(notebook).rotate(lambda _: None)
        old = restored(notebook, copy)
        with pytest.raises(EpochDestroyed):
            old.open(ANN, "account", sealed, "c")

    def test_many_erased_accounts_are_compared_in_pages(self, notebook: Notebook) -> None:
        copy = backup(notebook)
        with notebook.engine.begin() as connection:
            at = datetime.now(UTC)
            rows = [{"account_id": f"{ANN[:-4]}{n:04}", "begun_at": at, "completed_at": at} for n in range(7)]
            connection.execute(insert(KERNEL.erased_accounts), rows)
        assert destroy_again(notebook.store, restored(notebook, copy), page=3) == 7
        assert destroy_again(notebook.store, notebook.vault, page=3) == 0


class TestSweep:
    def test_what_is_left_of_the_erased_waits_for_an_operator_until_it_is_gone(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        erase(notebook)
        lines: list[str] = []
        assert upkeep(notebook).sweep(lines.append) == 0
        assert lines == ["nothing is left of any erased account"]
        with notebook.engine.begin() as connection:
            connection.execute(insert(INVOICES), [{"id": "i-1", "account_id": ANN}])
        lines.clear()
        assert upkeep(notebook).sweep(lines.append) == 1
        assert lines == [f"{ANN}: 1 in invoices.account_id", "1 findings"]
        assert upkeep(notebook).sweep(lambda _: None) == 1
        [task] = notebook.claim("residue")
        with pytest.raises(GiveUp, match="1 left in invoices"):
            notebook.participation.task_handlers["residue"](task)
        with notebook.engine.begin() as connection:
            connection.execute(update(KERNEL.tasks).values(state="dead"))
        assert Attention(notebook.engine, KERNEL).count()["dead_tasks"] == 1
        with notebook.engine.begin() as connection:
            connection.execute(delete(INVOICES))
        notebook.participation.task_handlers["residue"](task)
        assert upkeep(notebook).sweep(lambda _: None) == 0

    def test_what_a_law_keeps_is_no_finding(self, notebook: Notebook) -> None:
        notebook.live(ANN, invoices=2)
        erase(notebook)
        assert upkeep(notebook).sweep(lambda _: None) == 0
