"""The vault on real PostgreSQL: who may use which key, until when, and what is left afterwards."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event, func, select, text, update

from nexoraz.events.kek import EpochDestroyed, LocalKek, WrappedKeyDamaged
from nexoraz.events.key_cache import KeyCache
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.rotation import Progress, rotate
from nexoraz.events.vault import KeyMissing, Tampered, Vault
from nexoraz.events.vault_schema import keys, migrate_vault

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"


class Seconds:
    """A monotonic clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def kek(tmp_path: Path) -> LocalKek:
    return LocalKek(tmp_path / "kek")


@pytest.fixture
def vault(kernel_database: Engine, kek: LocalKek) -> Vault:
    migrate_vault(kernel_database, kek)
    return Vault(kernel_database, kek)


def other(vault: Vault, clock: Seconds | None = None) -> Vault:
    """Another process on the same vault."""
    return Vault(vault.engine, vault.kek, ttl_s=10.0, clock=clock or Seconds())


def test_what_was_sealed_opens_in_another_process(vault: Vault) -> None:
    sealed = vault.seal(ANN, "account", b"ann@example.com", "account-1|1|email")
    assert other(vault).open(ANN, "account", sealed, "account-1|1|email") == b"ann@example.com"


def test_a_value_sealed_twice_looks_different(vault: Vault) -> None:
    assert vault.seal(ANN, "account", b"x", "c") != vault.seal(ANN, "account", b"x", "c")


@pytest.mark.parametrize(
    ("account", "purpose", "context"),
    [(BOB, "account", "s|1|f"), (ANN, "content", "s|1|f"), (ANN, "account", "s|2|f"), (ANN, "account", "s|1|g")],
)
def test_a_value_moved_to_another_place_does_not_open(vault: Vault, account: str, purpose: str, context: str) -> None:
    sealed = vault.seal(ANN, "account", b"x", "s|1|f")
    vault.seal(BOB, "account", b"y", "c")
    vault.seal(ANN, "content", b"y", "c")
    with pytest.raises(Tampered):
        vault.open(account, purpose, sealed, context)


def test_every_single_altered_byte_is_found(vault: Vault) -> None:
    sealed = vault.seal(ANN, "account", b"ann@example.com", "c")
    for at in range(len(sealed)):
        with pytest.raises(Tampered):
            vault.open(ANN, "account", sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], "c")
    for length in range(len(sealed)):
        with pytest.raises(Tampered):
            vault.open(ANN, "account", sealed[:length], "c")


@given(value=st.binary(max_size=300), context=st.text(max_size=40))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_value_and_context_survive_the_way_through(vault: Vault, value: bytes, context: str) -> None:
    assert vault.open(ANN, "account", vault.seal(ANN, "account", value, context), context) == value


def test_neither_errors_nor_representations_show_key_or_plaintext(vault: Vault) -> None:
    sealed = vault.seal(ANN, "account", b"ann@example.com", "c")
    raw = vault._cached[(ANN, "account")].raw
    with pytest.raises(Tampered) as refused:
        vault.open(ANN, "account", sealed, "d")
    seen = repr(refused.value) + repr(vault) + repr(vault._cached) + repr(vault.__dict__)
    assert "ann@example.com" not in seen and raw.hex() not in seen and repr(raw) not in seen


def test_nothing_is_sealed_or_opened_after_the_destruction(vault: Vault) -> None:
    sealed = vault.seal(ANN, "account", b"x", "c")
    vault.destroy(ANN)
    for attempt in (vault, other(vault)):
        with pytest.raises(KeyDestroyed):
            attempt.open(ANN, "account", sealed, "c")
        with pytest.raises(KeyDestroyed):
            attempt.seal(ANN, "account", b"x", "c")
        with pytest.raises(KeyDestroyed):
            attempt.seal(ANN, "a new purpose", b"x", "c")
        with pytest.raises(KeyDestroyed):
            attempt.keyed_hash("search", "word", ANN)
    assert vault.open(BOB, "account", vault.seal(BOB, "account", b"y", "c"), "c") == b"y"


def test_a_second_destruction_tells_the_facts_of_the_first(vault: Vault) -> None:
    vault.seal(ANN, "account", b"x", "c")
    vault.seal(ANN, "content", b"x", "c")
    first = vault.destroy(ANN)
    rotate(vault)
    assert (first.keys, first.epoch) == (2, 1)
    assert vault.destroy(ANN) == first == other(vault).destroy(ANN)


def test_an_account_that_never_had_a_key_is_closed_too(vault: Vault) -> None:
    assert vault.destroy(ANN).keys == 0
    with pytest.raises(KeyDestroyed):
        other(vault).seal(ANN, "account", b"x", "c")


def test_closing_keeps_the_first_moment(vault: Vault) -> None:
    at = vault.close(ANN)
    assert vault.close(ANN) == at


def test_the_services_own_keys_cannot_be_destroyed(vault: Vault) -> None:
    with pytest.raises(ValueError, match="system keys"):
        vault.destroy("")
    with pytest.raises(ValueError, match="system keys"):
        vault.close("")


def test_a_key_that_was_never_issued_is_not_taken_for_a_destroyed_one(vault: Vault) -> None:
    with pytest.raises(KeyMissing):
        vault.open(ANN, "account", bytes(40), "c")


def test_destroying_one_purpose_leaves_the_others(vault: Vault) -> None:
    training = vault.seal(ANN, "training", b"x", "c")
    account = vault.seal(ANN, "account", b"y", "c")
    assert vault.destroy_purpose(ANN, "training") and not vault.destroy_purpose(ANN, "training")
    for attempt in (vault, other(vault)):
        with pytest.raises(KeyDestroyed):
            attempt.open(ANN, "training", training, "c")
        with pytest.raises(KeyDestroyed):
            attempt.seal(ANN, "training", b"x", "c")
        assert attempt.open(ANN, "account", account, "c") == b"y"
    assert vault.destroy(ANN).keys == 1


def test_a_warm_second_process_loses_the_key_within_the_stated_bound(vault: Vault) -> None:
    clock = Seconds()
    second = other(vault, clock)
    sealed = vault.seal(ANN, "account", b"x", "c")
    assert second.open(ANN, "account", sealed, "c") == b"x"
    vault.destroy(ANN)
    clock.now += 10.001
    with pytest.raises(KeyDestroyed):
        second.open(ANN, "account", sealed, "c")
    with pytest.raises(KeyDestroyed):
        second.seal(ANN, "account", b"x", "c")


def test_no_cache_may_be_asked_to_exceed_the_bound(vault: Vault) -> None:
    with pytest.raises(ValueError, match="at most 10"):
        Vault(vault.engine, vault.kek, ttl_s=10.5)


def test_a_term_runs_from_before_the_read(vault: Vault) -> None:
    clock = Seconds()

    class SlowKek(LocalKek):
        def unwrap(self, epoch: int, wrapped: bytes, binding: bytes) -> bytes:
            clock.now += 9.0
            return super().unwrap(epoch, wrapped, binding)

    vault.seal(ANN, "account", b"x", "c")
    slow = Vault(vault.engine, SlowKek(vault.kek._directory), ttl_s=10.0, clock=clock)  # type: ignore[attr-defined]
    slow.seal(ANN, "account", b"x", "c")
    assert slow._cached[(ANN, "account")].until == 110.0


def test_the_cache_is_bounded_and_drops_what_has_ended() -> None:
    cache = KeyCache(5.0, 100)
    for n in range(1000):
        cache.put(f"a{n}", "p", bytes(32), 100.0)
        assert len(cache.entries) <= 100
    cache.put("late", "p", bytes(32), 200.0)
    assert set(cache.entries) == {("late", "p")}
    for n in range(1000):
        cache.closed(f"a{n}")
    assert len(cache._closed) <= 100


def test_no_key_is_ever_issued_after_a_close_that_committed(vault: Vault) -> None:
    """Hundreds of races: two threads issue keys of an account while a third closes it."""
    with ThreadPoolExecutor(3) as pool:
        for n in range(200):
            account, start = f"race-{n}", threading.Barrier(3)

            def issue(purposes: str, account: str = account, start: threading.Barrier = start) -> None:
                start.wait()
                for purpose in purposes:
                    try:
                        vault.seal(account, purpose, b"x", "c")
                    except KeyDestroyed:
                        return

            def close(account: str = account, start: threading.Barrier = start) -> int:
                start.wait()
                vault.close(account)
                return count_keys(vault, account)

            issuing = [pool.submit(issue, purposes) for purposes in ("abcd", "dcba")]
            at_close = pool.submit(close).result(30)
            for done in issuing:
                done.result(30)
            assert count_keys(vault, account) == at_close


def test_a_close_waits_for_an_issue_that_is_about_to_commit(vault: Vault) -> None:
    vault.seal(ANN, "first", b"x", "c")
    with held_before_commit(vault) as issuing, ThreadPoolExecutor(2) as pool:
        sealing = pool.submit(issuing.vault.seal, ANN, "second", b"x", "c")
        assert issuing.reached.wait(10)
        closing = pool.submit(lambda: (vault.close(ANN), count_keys(vault, ANN))[1])
        assert not done_within(closing, 0.5)
        issuing.go_on.set()
        sealing.result(10)
        assert closing.result(10) == 2 == count_keys(vault, ANN)


class Held:
    """A process that stops right before the commit of its next transaction, until it may go on."""

    def __init__(self, vault: Vault, engine: Engine) -> None:
        self.vault = Vault(engine, vault.kek)
        self.reached, self.go_on = threading.Event(), threading.Event()

    def hold(self, _: object) -> None:
        self.reached.set()
        assert self.go_on.wait(30)


@contextmanager
def held_before_commit(vault: Vault) -> Iterator[Held]:
    engine = create_engine(vault.engine.url)
    held = Held(vault, engine)
    event.listen(engine, "commit", held.hold)
    try:
        yield held
    finally:
        held.go_on.set()
        engine.dispose()


def done_within(future: "Future[Any]", seconds: float) -> bool:
    return not wait([future], timeout=seconds).not_done


def test_a_destruction_leaves_no_key_however_it_races(vault: Vault) -> None:
    with ThreadPoolExecutor(3) as pool:
        for n in range(100):
            account = f"race-{n}"
            vaults = [other(vault), other(vault)]
            tasks = [pool.submit(ignore_destroyed, v, account, "abcdef") for v in vaults]
            assert vault.destroy(account).at is not None
            for task in tasks:
                task.result(30)
            assert count_keys(vault, account) == 0


def ignore_destroyed(vault: Vault, account: str, purposes: str) -> None:
    for purpose in purposes:
        try:
            vault.seal(account, purpose, b"x", "c")
        except KeyDestroyed:
            return


def count_keys(vault: Vault, account: str) -> int:
    with vault.engine.connect() as c:
        counted = select(func.count()).select_from(keys).where(keys.c.account_id == account)
        return int(c.execute(counted).scalar_one())


def test_two_processes_issuing_at_once_agree_on_the_key(vault: Vault) -> None:
    with ThreadPoolExecutor(2) as pool:
        for n in range(30):
            first, second = other(vault), other(vault)
            sealed = list(pool.map(lambda v, n=n: v.seal(f"new-{n}", "p", b"x", "c"), [first, second]))
            assert [second.open(f"new-{n}", "p", sealed[0], "c"), first.open(f"new-{n}", "p", sealed[1], "c")] == [
                b"x"
            ] * 2


def test_a_keyed_hash_is_stable_keyed_and_separate(vault: Vault) -> None:
    email = vault.keyed_hash("email", "ann@example.com")
    assert email == other(vault).keyed_hash("email", "ann@example.com")
    assert len({email, vault.keyed_hash("phone", "ann@example.com"), vault.keyed_hash("email", "bob@example.com")}) == 3
    assert vault.keyed_hash("word", "cup", ANN) != vault.keyed_hash("word", "cup", BOB)
    rotate(vault)
    assert other(vault).keyed_hash("email", "ann@example.com") == email


def test_the_tables_hold_neither_key_nor_plaintext(vault: Vault) -> None:
    vault.seal(ANN, "account", b"ann@example.com", "c")
    raw = vault._cached[(ANN, "account")].raw
    with vault.engine.connect() as c:
        for table in ("vault_accounts", "vault_keys", "vault_epochs"):
            shown = repr(c.execute(text(f"SELECT * FROM {table}")).all()) + repr(
                c.execute(text(f"SELECT t::text FROM {table} t")).all()
            )
            assert raw.hex() not in shown and repr(raw)[2:-1] not in shown and "example.com" not in shown


def test_a_wrapped_key_moved_to_another_account_does_not_open(vault: Vault) -> None:
    vault.seal(ANN, "account", b"x", "c")
    vault.seal(BOB, "account", b"x", "c")
    with vault.engine.begin() as c:
        of_ann = c.execute(select(keys.c.wrapped).where(keys.c.account_id == ANN)).scalar_one()
        c.execute(update(keys).where(keys.c.account_id == BOB).values(wrapped=of_ann))
    with pytest.raises(WrappedKeyDamaged):
        other(vault).seal(BOB, "account", b"x", "c")


def test_ids_that_could_be_taken_for_another_place_are_refused(vault: Vault) -> None:
    with pytest.raises(ValueError, match="hold no"):
        vault.seal("a|b", "c", b"x", "d")
    with pytest.raises(ValueError, match="hold no"):
        vault.seal("a", "b|c", b"x", "d")


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


class TestLocalKek:
    """One file per epoch."""

    def test_files_are_private_and_hold_32_bytes(self, kek: LocalKek, tmp_path: Path) -> None:
        kek.create(1)
        [file] = (tmp_path / "kek").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
        assert len(file.read_bytes()) == 32

    def test_creating_again_keeps_the_key(self, kek: LocalKek) -> None:
        kek.create(1)
        wrapped = kek.wrap(1, b"k" * 32, b"b")
        kek.create(1)
        assert kek.unwrap(1, wrapped, b"b") == b"k" * 32

    def test_destroying_overwrites_the_file_and_is_repeatable(self, kek: LocalKek, tmp_path: Path) -> None:
        kek.create(1)
        [file] = (tmp_path / "kek").iterdir()
        (tmp_path / "same file").hardlink_to(file)
        kek.destroy(1)
        kek.destroy(1)
        assert not file.exists() and (tmp_path / "same file").read_bytes() == bytes(32)
        with pytest.raises(EpochDestroyed):
            kek.wrap(1, bytes(32), b"")

    def test_a_key_file_of_zeros_or_cut_short_is_no_key(self, kek: LocalKek, tmp_path: Path) -> None:
        kek.create(1)
        [file] = (tmp_path / "kek").iterdir()
        for content in (bytes(32), b"short"):
            file.write_bytes(content)
            with pytest.raises(EpochDestroyed):
                kek.wrap(1, bytes(32), b"")

    def test_another_owner_or_an_altered_wrapping_does_not_open(self, kek: LocalKek) -> None:
        kek.create(1)
        wrapped = kek.wrap(1, b"k" * 32, b"ann")
        for altered, binding in ((wrapped, b"bob"), (wrapped[:-1] + b"x", b"ann"), (wrapped[:20], b"ann")):
            with pytest.raises(WrappedKeyDamaged):
                kek.unwrap(1, altered, binding)


def test_processes_that_migrate_at_once_make_one_first_epoch(kernel_database: Engine, kek: LocalKek) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate_vault(kernel_database, kek), range(8)))
    assert [e.epoch for e in Vault(kernel_database, kek).epochs()] == [1]


def test_a_warm_key_needs_no_database(vault: Vault) -> None:
    vault.seal(ANN, "p", b"x", "c")
    statements: list[str] = []
    event.listen(vault.engine, "before_cursor_execute", lambda *facts: statements.append(facts[2]))
    vault.open(ANN, "p", vault.seal(ANN, "p", b"x", "c"), "c")
    assert statements == []
