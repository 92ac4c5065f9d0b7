"""Requests between services, and what a task may ask of the bus."""

import threading
import time

import pytest

from nexoraz.events.bus import BusLink, BusUnavailable, OwnStream
from nexoraz.events.rpc import MAX_BYTES, RpcClient, RpcRefused, RpcServer, RpcUnavailable, asker_of

from .conftest import NewShop
from .shop import TABLES, Running, Shop, eventually


def release(_asker: str, payload: bytes) -> bytes:
    match payload:
        case b"refused":
            raise RpcRefused("not-found")
        case b"broken":
            raise LookupError("an inner matter")
        case b"endless":
            return b"x" * (MAX_BYTES + 1)
        case _:
            return payload[::-1]


def asking(new_shop: NewShop) -> tuple[Shop, Shop]:
    return new_shop("assets", rpc_handlers={"rpc.assets.release-photo": release}), new_shop("render", link=BusLink())


def ask(worker: Running, payload: bytes, subject: str = "rpc.assets.release-photo", timeout_s: float = 2.0) -> bytes:
    return RpcClient(worker.parts.link).request(subject, payload, timeout_s)


def test_a_request_is_answered_refused_or_fails_and_never_hangs(new_shop: NewShop) -> None:
    assets, render = asking(new_shop)
    with assets.running() as answering, render.running() as worker:
        eventually(lambda: answering.parts.link.is_connected and worker.parts.link.is_connected)
        eventually(lambda: answered(worker))
        assert ask(worker, b"abc") == b"cba"
        with pytest.raises(RpcRefused) as refused:
            ask(worker, b"refused")
        assert refused.value.reason == "not-found"
        for payload in (b"broken", b"endless"):
            with pytest.raises(RpcUnavailable) as failed:
                ask(worker, payload)
            assert "inner matter" not in str(failed.value)
        with pytest.raises(RpcUnavailable):
            ask(worker, b"abc", subject="rpc.billing.nobody", timeout_s=0.5)
        with pytest.raises(ValueError, match="at most"):
            ask(worker, b"x" * (MAX_BYTES + 1))


def answered(worker: Running) -> bool:
    try:
        return ask(worker, b"ab", timeout_s=0.5) == b"ba"
    except RpcUnavailable:
        return False


def test_a_service_answers_only_under_its_own_name() -> None:
    with pytest.raises(ValueError, match="render cannot answer"):
        RpcServer("render", {"rpc.assets.release-photo": release})


def test_a_request_before_the_connection_is_unavailable() -> None:
    with pytest.raises(RpcUnavailable):
        RpcClient(BusLink()).request("rpc.assets.release-photo", b"")


@pytest.mark.parametrize(
    ("reply", "asker"),
    [
        ("_INBOX.render.x7.1", "render"),
        ("", None),
        ("_INBOX", None),
        ("_INBOX.render", None),
        ("_INBOX..x7", None),
        ("nexoraz.render.x7", None),
        ("_INBOXES.render.x7", None),
    ],
)
def test_who_asks_is_who_can_read_the_answer(reply: str, asker: str | None) -> None:
    assert asker_of(reply) == asker


def test_a_question_whose_answer_others_could_read_is_not_answered(new_shop: NewShop) -> None:
    asked: list[bytes] = []

    def heard(_asker: str, payload: bytes) -> bytes:
        asked.append(payload)
        return payload

    handlers = {"rpc.assets.release-photo": release, "rpc.assets.heard": heard}
    assets, render = new_shop("assets", rpc_handlers=handlers), new_shop("render", link=BusLink())
    with assets.running(), render.running() as worker:
        eventually(lambda: worker.parts.link.is_connected and answered(worker))
        published = "nexoraz.assets.something.v1.1.x"
        worker.parts.link.call(lambda nc: nc.publish("rpc.assets.heard", b"open", reply=published), 2.0)
        assert ask(worker, b"closed", "rpc.assets.heard") == b"closed"
        assert asked == [b"closed"]


def test_requests_run_beside_each_other(new_shop: NewShop) -> None:
    gate = threading.Barrier(3, timeout=5)

    def together(_asker: str, payload: bytes) -> bytes:
        gate.wait()
        return payload

    assets = new_shop("assets", rpc_handlers={"rpc.assets.together": together, "rpc.assets.release-photo": release})
    render = new_shop("render", link=BusLink())
    with assets.running(), render.running() as worker:
        eventually(lambda: worker.parts.link.is_connected and answered(worker))
        answers: list[bytes] = []
        threads = [
            threading.Thread(target=lambda: answers.append(ask(worker, b"x", "rpc.assets.together"))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert answers == [b"x"] * 3


def test_an_account_is_purged_from_the_bus_and_counted(new_shop: NewShop) -> None:
    assets = new_shop("assets", link=BusLink())
    with assets.running() as worker:
        stream = OwnStream(worker.parts.link, "assets", assets.engine, TABLES)
        assets.place("ada", 5)
        assets.place("bob", 3)
        stream.wait_until_relayed(8, 10)
        assert (stream.messages_of("ada"), stream.messages_of("bob")) == (5, 3)
        assert stream.purge_key("ada") == 5
        assert (stream.messages_of("ada"), stream.messages_of("bob")) == (0, 3)
        assert stream.purge_key("ada") == 0
        for wild in ("*", ">", "a.b", ""):
            with pytest.raises(ValueError, match="one subject token"):
                stream.purge_key(wild)
        started = time.monotonic()
        with pytest.raises(BusUnavailable):
            stream.wait_until_relayed(9, 0.3)
        assert time.monotonic() - started < 2
        assets.place("bob", 1)
        stream.wait_until_relayed(9, 10)
