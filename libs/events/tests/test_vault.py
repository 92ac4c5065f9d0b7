"""The vault on real PostgreSQL: who may use which key, until when, and what is left afterwards."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select, text, update

from libs.events.tests.vaults import ANN, BOB, Seconds, other
from nexoraz.events.kek import LocalKek, WrappedKeyDamaged
from nexoraz.events.key_cache import KeyCache
from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.rotation import rotate
from nexoraz.events.vault import KeyMissing, Tampered, Vault
from nexoraz.events.vault_schema import keys, migrate_vault

pytestmark = pytest.mark.real


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
