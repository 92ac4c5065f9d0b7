"""Epochs of the vault on real PostgreSQL: rotated, killed in between, and raced."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, text

from libs.events.tests.vaults import ANN, done_within, held_before_commit, other
from nexoraz.events.kek import EpochDestroyed, LocalKek
from nexoraz.events.rotation import Progress, rotate
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import keys

pytestmark = pytest.mark.real


class TestRotation:
    """Epochs: living keys move, the old key-encryption key ends, and a kill at any point changes nothing."""

    def test_living_keys_move_and_the_old_epoch_is_destroyed(self, vault: Vault) -> None:
        sealed = [vault.seal(f"a{n}", "p", b"x", "c") for n in range(25)]
        seen: list[Progress] = []
        done = rotate(vault, batch=10, progress=seen.append)
        assert (done.epoch, done.rewrapped, done.destroyed) == (2, 25, (1,))
        assert [(p.done, p.left) for p in seen] == [(10, 15), (20, 5), (25, 0)]
        fresh = other(vault)
        assert all(fresh.open(f"a{n}", "p", s, "c") == b"x" for n, s in enumerate(sealed))
        with pytest.raises(EpochDestroyed):
            vault.kek.wrap(1, bytes(32), b"")
        first, second = vault.epochs()
        assert first.retired_at and first.destroyed_at and second.retired_at is None

    def test_an_old_copy_of_a_destroyed_key_opens_nowhere_after_a_rotation(self, vault: Vault) -> None:
        vault.seal(ANN, "account", b"x", "c")
        with vault.engine.connect() as c:
            backup = c.execute(select(keys).where(keys.c.account_id == ANN)).one()
        vault.destroy(ANN)
        assert vault.kek.unwrap(backup.epoch, backup.wrapped, f"{ANN}|account".encode())
        rotate(vault)
        with pytest.raises(EpochDestroyed):
            vault.kek.unwrap(backup.epoch, backup.wrapped, f"{ANN}|account".encode())

    def test_each_key_is_read_a_few_times_though_the_planner_takes_the_table_for_empty(self, vault: Vault) -> None:
        count = 2000
        with vault.engine.begin() as c:
            c.execute(insert(keys).values(account_id="gone", purpose="p", epoch=1))
            c.execute(keys.delete())
            c.execute(text("ANALYZE vault_keys"))
            rows = [
                {"account_id": f"a{n}", "purpose": "p", "epoch": 1, "wrapped": _wrapped(vault, n)} for n in range(count)
            ]
            c.execute(insert(keys), rows)
        before = _rows_read(vault)
        assert rotate(vault, batch=100).rewrapped == count
        assert count <= _rows_read(vault) - before <= 10 * count

    @pytest.mark.parametrize("killed_after", [0, 1, 2, 3])
    def test_a_rotation_that_was_killed_resumes_and_finishes(self, vault: Vault, killed_after: int) -> None:
        sealed = [vault.seal(f"a{n:02}", "p", b"x", "c") for n in range(25)]
        with pytest.raises(Killed):
            rotate(dying(vault, killed_after * 10 + 5), batch=10)
        assert all(other(vault).open(f"a{n:02}", "p", s, "c") == b"x" for n, s in enumerate(sealed[:20]))
        new = vault.seal("issued meanwhile", "p", b"y", "c")
        done = rotate(vault, batch=10)
        assert (done.epoch, done.destroyed) == (2, (1,))
        fresh = other(vault)
        assert all(fresh.open(f"a{n:02}", "p", s, "c") == b"x" for n, s in enumerate(sealed))
        assert fresh.open("issued meanwhile", "p", new, "c") == b"y"

    def test_keys_issued_and_destroyed_while_it_runs_are_neither_lost_nor_revived(self, vault: Vault) -> None:
        for n in range(100):
            vault.seal(f"old-{n}", "p", b"x", "c")
        stop, sealed = threading.Event(), dict[str, bytes]()

        def live() -> None:
            n = 0
            while not stop.is_set():
                mine = other(vault)
                sealed[f"new-{n}"] = mine.seal(f"new-{n}", "p", b"x", "c")
                mine.destroy(f"old-{n % 100}")
                n += 1

        thread = threading.Thread(target=live)
        thread.start()
        try:
            for _ in range(5):
                rotate(vault, batch=7)
        finally:
            stop.set()
            thread.join(30)
        fresh = other(vault)
        assert sealed and all(fresh.open(account, "p", s, "c") == b"x" for account, s in sealed.items())
        with vault.engine.connect() as c:
            left = select(func.count()).select_from(keys).where(keys.c.account_id == "old-0")
            assert c.execute(left).scalar_one() == 0

    def test_it_waits_for_an_issue_under_the_old_epoch(self, vault: Vault) -> None:
        with held_before_commit(vault) as issuing, ThreadPoolExecutor(2) as pool:
            sealing = pool.submit(issuing.vault.seal, ANN, "p", b"x", "c")
            assert issuing.reached.wait(10)
            rotating = pool.submit(rotate, vault)
            assert not done_within(rotating, 0.5)
            issuing.go_on.set()
            sealed = sealing.result(10)
            assert rotating.result(10).rewrapped == 1
        assert other(vault).open(ANN, "p", sealed, "c") == b"x"

    def test_a_key_that_another_run_held_and_let_go_is_not_left_behind(self, vault: Vault) -> None:
        sealed = vault.seal(ANN, "p", b"x", "c")
        with ThreadPoolExecutor(1) as pool, vault.engine.connect() as c:
            c.execute(select(keys).where(keys.c.account_id == ANN).with_for_update())
            rotating = pool.submit(rotate, vault)
            assert not done_within(rotating, 0.5)
            c.rollback()
            assert rotating.result(10).destroyed == (1,)
        assert other(vault).open(ANN, "p", sealed, "c") == b"x"

    def test_two_rotations_at_once_share_the_work(self, vault: Vault) -> None:
        for n in range(100):
            vault.seal(f"a{n}", "p", b"x", "c")
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(lambda _: rotate(vault, batch=5), range(2)))
        assert sum(len(done.destroyed) for done in both) == len(vault.epochs()) - 1
        with vault.engine.connect() as c:
            assert c.execute(select(func.min(keys.c.epoch))).scalar_one() == len(vault.epochs())

    def test_a_reader_whose_key_moved_under_it_reads_again(self, vault: Vault) -> None:
        sealed = vault.seal(ANN, "p", b"x", "c")

        class RotatingKek(LocalKek):
            turns = 1

            def unwrap(self, epoch: int, wrapped: bytes, binding: bytes) -> bytes:
                if self.turns:
                    self.turns = 0
                    rotate(vault)
                return super().unwrap(epoch, wrapped, binding)

        racing = Vault(vault.engine, RotatingKek(vault.kek._directory))  # type: ignore[attr-defined]
        assert racing.open(ANN, "p", sealed, "c") == b"x"


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def dying(vault: Vault, wraps: int) -> Vault:
    """A process that dies when it wraps one key more than that."""

    class DyingKek(LocalKek):
        left = wraps

        def wrap(self, epoch: int, key: bytes, binding: bytes) -> bytes:
            if not self.left:
                raise Killed
            self.left -= 1
            return super().wrap(epoch, key, binding)

        def destroy(self, epoch: int) -> None:  # noqa: ARG002  # it dies before it looks
            raise Killed

    return Vault(vault.engine, DyingKek(vault.kek._directory))  # type: ignore[attr-defined]


def _wrapped(vault: Vault, n: int) -> bytes:
    return vault.kek.wrap(1, bytes(32), f"a{n}|p".encode())


def _rows_read(vault: Vault) -> int:
    """Of the table of keys, by whatever plan, as PostgreSQL counts them."""
    with vault.engine.connect() as c:
        c.execute(text("SELECT pg_stat_force_next_flush()"))
        c.commit()
        counted = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'vault_keys'"
        return int(c.execute(text(counted)).scalar_one())
