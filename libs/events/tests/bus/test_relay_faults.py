"""The stream ends up with every public fact once, in commit order, whatever happens on the way."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
import pytest

from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded
from nexoraz.events.jetstream import BusUnavailable
from nexoraz.local.testing.real import RealNats

from .conftest import NewShop
from .proxy import Proxy
from .shop import Confirmed, Shop, eventually, see, translate

Messages = Callable[[], list[tuple[int, int]]]


async def read_stream(nats: RealNats) -> list[tuple[int, int]]:
    """(position, number) of every message of the stream of assets, in stream order."""
    client = await nats.connect()
    try:
        stream = client.jetstream()
        info = await client.jsm().stream_info("NEXORAZ_ASSETS")
        found = []
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            message = await stream.get_msg("NEXORAZ_ASSETS", sequence)
            body = msgspec.json.decode(message.data or b"")
            found.append((int((message.headers or {})["nx-position"]), body["number"]))
        return found
    finally:
        await client.close()


async def count_stream(nats: RealNats) -> int:
    client = await nats.connect()
    try:
        answer = await client.request("$JS.API.STREAM.INFO.NEXORAZ_ASSETS", b"", timeout=2)
        decoded = msgspec.json.decode(answer.data)
        return int(decoded["state"]["messages"]) if "state" in decoded else 0
    finally:
        await client.close()


def stored(nats: RealNats) -> int:
    try:
        return asyncio.run(count_stream(nats))
    except OSError:
        return 0


def at_least(nats: RealNats, number: int) -> bool:
    return stored(nats) >= number


def assert_complete(nats: RealNats, shop: Shop, numbers: list[int]) -> None:
    eventually(lambda: stored(nats) >= len(numbers), within=30)
    messages = asyncio.run(read_stream(nats))
    assert [number for _, number in messages] == numbers
    public = shop.rows("SELECT position FROM events WHERE type LIKE 'order%%' ORDER BY position")
    assert [position for position, _ in messages] == [row[0] for row in public]


@pytest.fixture
def proxy(nats: RealNats) -> Iterator[Proxy]:
    proxy = Proxy(nats.part.port)
    yield proxy
    proxy.close()


def test_lost_acknowledgements_neither_double_nor_reorder(new_shop: NewShop, nats: RealNats, proxy: Proxy) -> None:
    assets = new_shop("assets", url=proxy.url)
    with assets.running() as worker:
        for round_ in range(1, 6):
            eventually(lambda: worker.worker.relay.active)
            before = stored(nats)
            proxy.silence(True)  # answers vanish while requests still arrive
            for _ in range(10):
                assets.place("ada", 30)
            eventually(partial(at_least, nats, before + 1))
            proxy.silence(False)
            proxy.cut()
            eventually(partial(at_least, nats, 300 * round_))
        assert_complete(nats, assets, list(range(1, 1501)))


def test_connections_cut_at_random_lose_nothing(new_shop: NewShop, nats: RealNats, proxy: Proxy) -> None:
    assets = new_shop("assets", url=proxy.url)
    done = threading.Event()

    def cut() -> None:
        while not done.wait(0.05):
            proxy.cut()

    with assets.running(), ThreadPoolExecutor(1) as pool:
        cutting = pool.submit(cut)
        for _ in range(100):
            assets.place("ada", 20)
        done.set()
        cutting.result()
        assert_complete(nats, assets, list(range(1, 2001)))


def test_nats_killed_while_publishing(assets: Shop, nats: RealNats) -> None:
    with assets.running():
        for _ in range(3):
            assets.place("ada", 1500)
            nats.running.process.kill()
            nats.stop()
            assets.place("ada", 10)
            nats.start()
        assert_complete(nats, assets, list(range(1, 4531)))


def test_two_relays_publish_as_one(new_shop: NewShop, nats: RealNats) -> None:
    assets = new_shop("assets")
    with assets.running() as first:
        eventually(lambda: first.worker.relay.active)
        with assets.running() as second:
            assets.place("ada", 500)
            assert not second.worker.relay.active
            first.stop()
            assets.place("ada", 500)
            eventually(lambda: second.worker.relay.active)
            assert_complete(nats, assets, list(range(1, 1001)))


def test_a_relay_whose_database_restarts_comes_back(assets: Shop, nats: RealNats) -> None:
    with assets.running():
        assets.place("ada", 10)
        eventually(lambda: stored(nats) == 10)
        assets.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nexoraz-relay'")
        assets.place("ada", 10)
        assert_complete(nats, assets, list(range(1, 21)))


async def wipe(nats: RealNats) -> None:
    client = await nats.connect()
    await client.jsm().delete_stream("NEXORAZ_ASSETS")
    await client.close()


def test_a_wiped_bus_is_filled_again_and_effects_stay_single(assets: Shop, render: Shop, nats: RealNats) -> None:
    with assets.running(), render.running():
        assets.place("ada", 100)
        assets.place("bob", 100)
        eventually(lambda: len(render.seen()) == 200)
        asyncio.run(wipe(nats))
        assets.place("ada", 5)
        eventually(lambda: stored(nats) == 205)
        eventually(lambda: len(render.seen()) == 205)
    assert len(set(render.seen())) == 205


def test_a_bus_wiped_while_all_workers_are_down(assets: Shop, render: Shop, nats: RealNats) -> None:
    with assets.running(), render.running():
        assets.place("ada", 50)
        eventually(lambda: len(render.seen()) == 50)
    asyncio.run(wipe(nats))
    with assets.running(), render.running():
        eventually(lambda: stored(nats) == 50)
        assets.place("ada", 1)
        eventually(lambda: len(render.seen()) == 51)
    assert render.seen() == [("ada", n) for n in range(1, 52)]


async def lose_tail(nats: RealNats, keep: int) -> None:
    """The stream as it would be after a crash before fsync: the same stream with fewer messages."""
    client = await nats.connect()
    jsm, stream = client.jsm(), client.jetstream()
    info = await jsm.stream_info("NEXORAZ_ASSETS")
    kept = [await stream.get_msg("NEXORAZ_ASSETS", n) for n in range(1, keep + 1)]
    await jsm.delete_stream("NEXORAZ_ASSETS")
    await jsm.add_stream(info.config)
    for message in kept:
        headers = {k: v for k, v in (message.headers or {}).items() if not k.startswith("Nats-")}
        await stream.publish(message.subject or "", message.data or b"", headers=headers)
    await client.close()


def test_a_lost_tail_is_published_again(assets: Shop, render: Shop, nats: RealNats) -> None:
    with assets.running(), render.running():
        assets.place("ada", 60)
        eventually(lambda: len(render.seen()) == 60)
    asyncio.run(lose_tail(nats, 40))
    # The identity of the stream as it was: only its tail is gone.
    created = asyncio.run(created_of(nats))
    assets.rows("UPDATE relay_checkpoint SET stream_created = %s", f"{created}#0")
    render.rows("UPDATE consumer_positions SET stream_created = %s", f"{created}#0")
    assets.rows("INSERT INTO erased_accounts (account_id, begun_at) VALUES ('gone', now())")
    with assets.running(), render.running():
        assets.place("ada", 10)
        eventually(lambda: len(render.seen()) == 70)
    assert render.seen() == [("ada", n) for n in range(1, 71)]
    assert [n for _, n in asyncio.run(read_stream(nats))] == list(range(1, 71))


async def created_of(nats: RealNats) -> str:
    client = await nats.connect()
    answer = await client.request("$JS.API.STREAM.INFO.NEXORAZ_ASSETS", b"", timeout=2)
    await client.close()
    return str(msgspec.json.decode(answer.data)["created"])


def test_erased_accounts_are_not_published_again(assets: Shop, nats: RealNats) -> None:
    with assets.running():
        assets.place("ada", 3)
        assets.place("bob", 3)
        eventually(lambda: stored(nats) == 6)
        with assets.store.transaction() as tx:
            tx.tombstone("ada")
        asyncio.run(wipe(nats))
        assets.place("bob", 1)
        eventually(lambda: stored(nats) == 4)
    assert [n for _, n in asyncio.run(read_stream(nats))] == [1, 2, 3, 4]


def test_a_store_restored_from_a_backup_does_not_reuse_positions(new_shop: NewShop, nats: RealNats) -> None:
    assets, render = new_shop("assets"), new_shop("render", {Confirmed: see})
    with assets.running(), render.running():
        assets.place("ada", 20)
        eventually(lambda: len(render.seen()) == 20)
    # The backup knew only ten of them.
    assets.rows("DELETE FROM events WHERE position > 10")
    assets.rows("SELECT setval(pg_get_serial_sequence('events', 'position'), 10)")
    assets.rows("UPDATE relay_checkpoint SET position = 10, stream_sequence = 10")
    assets.versions["ada"] = 10
    with assets.running() as worker, render.running():
        eventually(lambda: worker.worker.relay.active)
        assets.place("bob", 1)
        eventually(lambda: ("bob", 1) in render.seen())
    assert assets.rows("SELECT max(position) FROM events")[0][0] == 21


def test_a_database_restored_to_an_older_position_handles_again(assets: Shop, render: Shop) -> None:
    with assets.running(), render.running():
        assets.place("ada", 30)
        eventually(lambda: len(render.seen()) == 30)
    # The consumer's database goes back to a moment when it had handled ten.
    render.rows("DELETE FROM seen WHERE number > 10")
    last = render.rows("SELECT max(position) FROM seen")[0][0]
    render.rows("UPDATE consumer_positions SET position = %s, stream_sequence = %s WHERE position > 0", last, last)
    with assets.running(), render.running():
        eventually(lambda: len(render.seen()) == 30)
    assert render.seen() == [("ada", n) for n in range(1, 31)]


def test_an_event_that_cannot_be_translated_stops_the_relay_loudly_and_skips_nothing(
    new_shop: NewShop, nats: RealNats
) -> None:
    broken = threading.Event()
    broken.set()

    def careful(event: Event, recorded: Recorded) -> Contract | None:
        if recorded.position == 5 and broken.is_set():
            raise LookupError
        return translate(event, recorded)

    assets = new_shop("assets", translate=careful)
    with assets.running() as worker:
        assets.place("ada", 10)
        eventually(lambda: worker.worker.relay.stuck == "LookupError")
        assert stored(nats) == 4
        with pytest.raises(BusUnavailable, match="stuck after position 4"):
            worker.worker.checks()["relay"]()
        broken.clear()
        assert_complete(nats, assets, list(range(1, 11)))
        worker.worker.checks()["relay"]()
