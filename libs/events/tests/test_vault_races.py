"""Keys of the vault on real PostgreSQL, issued, closed and destroyed at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from libs.events.tests.vaults import ANN, done_within, held_before_commit, other
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import keys

pytestmark = pytest.mark.real


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
