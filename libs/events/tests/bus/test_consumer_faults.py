"""Each effect once, in the order of its account, whatever fails, dies, joins or leaves."""

import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest

from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract, Foreign, Received, partition_of
from nexoraz.events.dead_letters import discard, inspect, letters, redrive
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.store import AccountErased, Transaction
from nexoraz.local.testing.real import RealNats

from .conftest import NewShop
from .shop import TABLES, Confirmed, OrderSeen, Running, Shop, eventually, see, translate


def per_account(rows: list[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for account, number in rows:
        found[account].append(number)
    return dict(found)


class Poison:
    """Fails on one order of one account until it is cured; does half of the work first."""

    def __init__(self) -> None:
        self.cured = False

    def __call__(self, tx: Transaction, received: Received) -> None:
        see(tx, received)
        if (received.data.account_id, received.data.number) == ("ada", 3) and not self.cured:
            raise LookupError("a value that must not be logged")


def test_poison_parks_its_account_only_and_a_redrive_keeps_the_order(new_shop: NewShop, assets: Shop) -> None:
    poison = Poison()
    render = new_shop("render", {Confirmed: poison})
    with assets.running(), render.running() as worker:
        for _ in range(6):
            assets.place("ada")
            assets.place("bob")
        eventually(lambda: len(per_account(render.seen()).get("bob", [])) == 6)
        with render.engine.connect() as connection:
            eventually(lambda: len(render.rows("SELECT 1 FROM dead_letters")) == 4)
            parked = letters(connection, TABLES)
            assert [(p.key, p.state) for p in parked] == [("ada", "retrying")] + [("ada", "behind")] * 3
            assert parked[0].reason == "LookupError"
        assert per_account(render.seen())["ada"] == [1, 2]
        poison.cured = True
        assets.place("ada")
        eventually(lambda: per_account(render.seen())["ada"] == [1, 2, 3, 4, 5, 6, 7])
        assert render.rows("SELECT 1 FROM dead_letters") == []
        assert worker.error is None


def test_a_letter_that_stays_bad_waits_for_an_operator(new_shop: NewShop, assets: Shop) -> None:
    poison = Poison()
    render = new_shop("render", {Confirmed: poison})
    with assets.running(), render.running() as worker:
        worker.worker.redrive._max_attempts = 2
        assets.place("ada", 5)
        eventually(lambda: render.rows("SELECT 1 FROM dead_letters WHERE state = 'dead'"))
        with render.engine.begin() as connection:
            (dead,) = letters(connection, TABLES, "dead")
            found = inspect(connection, TABLES, dead.id)
            assert found is not None
            assert found[1]["ce-type"] == Confirmed.source
            assert found[2] == b'{"account_id":"ada","number":3}'
            poison.cured = True
            assert redrive(connection, TABLES, dead.id)
        eventually(lambda: per_account(render.seen()) == {"ada": [1, 2, 3, 4, 5]})


def test_a_discarded_letter_lets_the_next_ones_go_on(new_shop: NewShop, assets: Shop) -> None:
    render = new_shop("render", {Confirmed: Poison()})
    with assets.running(), render.running():
        assets.place("ada", 5)
        eventually(lambda: len(render.rows("SELECT 1 FROM dead_letters")) == 3)
        with render.engine.begin() as connection:
            assert discard(connection, TABLES, letters(connection, TABLES)[0].id)
        eventually(lambda: per_account(render.seen()) == {"ada": [1, 2, 4, 5]})


def test_a_message_that_cannot_be_read_is_parked(new_shop: NewShop, assets: Shop) -> None:
    class Narrow(Foreign, frozen=True):
        source: ClassVar[str] = Confirmed.source
        number: str

    render = new_shop("render", {Narrow: see})
    with assets.running(), render.running():
        assets.place("ada")
        eventually(lambda: render.rows("SELECT reason FROM dead_letters") == [("ValidationError",)])


def test_a_message_of_an_erased_account_is_passed(new_shop: NewShop, assets: Shop) -> None:
    def record(tx: Transaction, received: Received) -> None:
        order: Confirmed = received.data
        history = tx.read(stream := Stream.of("seen", order.account_id, order.account_id))
        tx.append(stream, len(history), [OrderSeen(order.account_id, order.number)])
        see(tx, received)

    render = new_shop("render", {Confirmed: record})
    with render.store.transaction() as tx:
        tx.tombstone("ada")
    with assets.running(), render.running():
        for _ in range(3):
            assets.place("ada")
            assets.place("bob")
        eventually(lambda: per_account(render.seen()) == {"bob": [1, 2, 3]})
        with pytest.raises(AccountErased), render.store.transaction() as tx:
            tx.append(Stream.of("seen", "ada", "ada"), 0, [OrderSeen("ada", 1)])
        assert render.rows("SELECT 1 FROM dead_letters") == []


class OtherFact(Contract, frozen=True):
    """A fact for which no view exists."""

    service: ClassVar[str] = "assets"
    account_id: Id
    number: Fact[int]


def test_unknown_types_neither_arrive_nor_hold_anything_up(new_shop: NewShop, render: Shop) -> None:
    def mixed(event: Event, recorded: Recorded) -> Contract | None:
        known = translate(event, recorded)
        return OtherFact("ada", 1) if known is None else known

    assets = new_shop("assets", translate=mixed)
    with assets.running(), render.running():
        for _ in range(3):
            assets.note(5)
            assets.place("ada")
        eventually(lambda: per_account(render.seen()) == {"ada": [1, 2, 3]})


def test_replicas_share_the_partitions_while_one_joins_and_one_leaves(assets: Shop, render: Shop) -> None:
    accounts = [f"account-{n}" for n in range(40)]
    with assets.running(), render.running() as first, render.running() as second:
        eventually(lambda: len(first.partitions()) == len(second.partitions()) == 32)
        for _ in range(10):
            for account in accounts:
                assets.place(account)
        with render.running() as third:
            for _ in range(10):
                for account in accounts:
                    assets.place(account)
            eventually(lambda: len(third.partitions()) > 0)
            first.stop()
            for _ in range(10):
                for account in accounts:
                    assets.place(account)
            eventually(lambda: len(second.partitions() | third.partitions()) == 64)
            eventually(lambda: len(render.seen()) >= 1200)
            time.sleep(0.3)
    assert per_account(render.seen()) == {account: list(range(1, 31)) for account in accounts}


def test_the_leases_of_a_vanished_worker_expire(render: Shop) -> None:
    with render.running() as first:
        eventually(lambda: len(first.partitions()) == 64)
        first.worker.leases.release = lambda: None  # type: ignore[method-assign] # as if it had been killed
        first.stop()
        with render.running() as second:
            assert not second.partitions()
            eventually(lambda: len(second.partitions()) == 64, within=5)


def test_two_consumers_on_the_same_partitions_commit_each_effect_once(assets: Shop, render: Shop) -> None:
    """Leases only spread the work: with both replicas on everything, positions alone keep effects single."""

    def grab_everything(worker: Running) -> None:
        everything = frozenset(range(64))
        worker.worker.leases.beat = lambda: everything  # type: ignore[method-assign] # leases that overlap

    with assets.running(), render.running() as first, render.running() as second:
        grab_everything(first)
        grab_everything(second)
        eventually(lambda: len(first.partitions()) == len(second.partitions()) == 64)
        for n in range(60):
            for account in range(5):
                assets.place(f"account-{account}")
            if n % 20 == 0:
                time.sleep(0.05)
        eventually(lambda: len(render.seen()) >= 300)
        time.sleep(0.5)
    assert per_account(render.seen()) == {f"account-{n}": list(range(1, 61)) for n in range(5)}


def test_a_database_that_is_away_is_waited_for(assets: Shop, render: Shop) -> None:
    with assets.running(), render.running():
        assets.place("ada", 5)
        eventually(lambda: len(render.seen()) == 5)
        for _ in range(3):
            with psycopg.connect(render.engine.url.set(drivername="postgresql").render_as_string(False)) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            assets.place("ada", 5)
        render.engine.dispose()
        eventually(lambda: len(render.seen()) == 20)
    assert per_account(render.seen()) == {"ada": list(range(1, 21))}
    assert render.rows("SELECT 1 FROM dead_letters") == []


def test_a_consumer_killed_between_effect_and_commit_leaves_no_trace(
    assets: Shop, render: Shop, nats: RealNats
) -> None:
    script = Path(__file__).with_name("killed_consumer.py")
    dsn = render.engine.url.render_as_string(hide_password=False)
    with assets.running():
        for n in range(10):
            assets.place(f"account-{n}", 10)
        for after in (1, 7, 30):
            command = [sys.executable, str(script), dsn, nats.url, nats.passwords["render"], str(after)]
            assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL
        with render.running():
            eventually(lambda: len(render.seen()) == 100)
    assert per_account(render.seen()) == {f"account-{n}": list(range(1, 11)) for n in range(10)}


def test_a_handler_that_loses_the_race_for_a_stream_decides_again(new_shop: NewShop, assets: Shop) -> None:
    raced: list[bool] = []

    def record(tx: Transaction, received: Received) -> None:
        order: Confirmed = received.data
        stream = Stream.of("seen", "all", "")
        history = tx.read(stream)
        if not raced:  # somebody else appends between our reading and our commit
            raced.append(True)
            with render.store.transaction() as other:
                other.append(stream, len(history), [OrderSeen("other", 0)])
        tx.append(stream, len(history), [OrderSeen(order.account_id, order.number)])

    render = new_shop("render", {Confirmed: record})
    with assets.running(), render.running():
        assets.place("ada", 3)
        eventually(lambda: len(render.rows("SELECT 1 FROM events WHERE stream = 'seen-all'")) == 4)
    assert render.rows("SELECT 1 FROM dead_letters") == []


def test_positions_are_kept_per_partition(assets: Shop, render: Shop) -> None:
    with assets.running(), render.running():
        assets.place("ada", 2)
        assets.place("bob", 3)
        eventually(lambda: len(render.seen()) == 5)
    kept = dict(tuple(r) for r in render.rows("SELECT partition, position FROM consumer_positions WHERE position > 0"))
    assert kept == {partition_of("ada"): 2, partition_of("bob"): 5}
