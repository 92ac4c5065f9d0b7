"""What each service's user may do on the bus, tried on the real server with the permissions of production."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import NoRespondersError

from nexoraz.events import jetstream
from nexoraz.events.bus import NatsSettings, connect
from nexoraz.events.jetstream import BusRefused, BusUnavailable, stream_name
from nexoraz.local.testing.real import RealNats
from tests.contract.suite import SERVICES

pytestmark = pytest.mark.real
OTHERS = {name: [other for other in SERVICES if other != name] for name in SERVICES}
KEY = "5f0f4f0e-3c1e-4c46-9d5c-1f2f7f6f4a10"


def subject(service: str) -> str:
    return f"nexoraz.{service}.something-happened.v1.7.{KEY}"


@dataclass(slots=True)
class Session:
    """A connection as one user, and what the server refused on it."""

    client: Client
    refused: list[str] = field(default_factory=list)

    async def refusals(self, attempt: Awaitable[Any]) -> list[str]:
        """What the server refused of one attempt. The client's first ping may leave before what waits to be sent, so
        the answer to a second one comes after every refusal."""
        before = len(self.refused)
        await attempt
        await self.client.flush()
        await self.client.flush()
        return self.refused[before:]


@asynccontextmanager
async def signed_in(server: RealNats, user: str) -> AsyncIterator[Session]:
    refused: list[str] = []

    async def heard(error: Exception) -> None:
        refused.append(str(error))

    client = await server.connect(user, error_cb=heard)
    try:
        yield Session(client, refused)
    finally:
        await client.close()


def settings(server: RealNats, user: str) -> NatsSettings:
    return NatsSettings(url=server.url, user=user, password=server.passwords[user])


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(work(), 20)

    asyncio.run(bounded())


@pytest.fixture
def streams(nats: RealNats) -> RealNats:
    """Every service has made its own stream, as its relay does, and published a message."""

    async def prepare() -> None:
        for name in SERVICES:
            client = await connect(settings(nats, name), name, reconnect=False)
            await jetstream.create_stream(client, name, 1, 4096)
            answer = await client.request(subject(name), b"{}", headers={"nx-position": "1"})
            assert json.loads(answer.data)["seq"] == 1
            await client.close()

    run(prepare)
    return nats


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_publishes_under_its_own_subjects_only(streams: RealNats, user: str) -> None:
    async def work() -> None:
        async with signed_in(streams, user) as session:
            assert await session.refusals(session.client.publish(subject(user), b"{}")) == []
            for other in OTHERS[user]:
                (why,) = await session.refusals(session.client.publish(subject(other), b"{}"))
                assert "permissions violation for publish" in why.lower()
            assert (await session.refusals(session.client.publish("nexoraz", b"{}"))) != []
        async with signed_in(streams, "operator") as operator:
            counts = {name: await messages(operator.client, name) for name in SERVICES}
        assert counts == {name: 2 if name == user else 1 for name in SERVICES}

    run(work)


async def messages(client: Client, service: str) -> int:
    state = await jetstream.stream_state(client, service)
    assert state is not None
    return state.messages


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_changes_its_own_stream_only(streams: RealNats, user: str) -> None:
    async def work() -> None:
        async with signed_in(streams, user) as session:
            for other in OTHERS[user]:
                for action in ("PURGE", "DELETE", "UPDATE", "MSG.DELETE", "MSG.GET", "SNAPSHOT", "LEADER.STEPDOWN"):
                    name = f"$JS.API.STREAM.{action}.{stream_name(other)}"
                    assert await session.refusals(session.client.publish(name, b"{}")), name
            assert await session.refusals(session.client.publish(f"$JS.API.STREAM.DELETE.{stream_name(user)}", b"{}"))
            assert await jetstream.purge(session.client, user, KEY) == 1
        async with signed_in(streams, "operator") as operator:
            counts = {name: await messages(operator.client, name) for name in SERVICES}
        assert counts == {name: 0 if name == user else 1 for name in SERVICES}

    run(work)


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_makes_no_stream_but_its_own(nats: RealNats, user: str) -> None:
    async def work() -> None:
        async with signed_in(nats, user) as session:
            for name in (*map(stream_name, OTHERS[user]), "ANOTHER"):
                assert await session.refusals(session.client.publish(f"$JS.API.STREAM.CREATE.{name}", b"{}")), name

    run(work)


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_listens_to_its_own_requests_and_its_own_inbox_only(nats: RealNats, user: str) -> None:
    async def work() -> None:
        async with signed_in(nats, user) as session:
            for own in (f"rpc.{user}.>", f"_INBOX.{user}.>"):
                assert await session.refusals(session.client.subscribe(own)) == []
            foreign = [f"{kind}.{other}.>" for kind in ("rpc", "_INBOX", "nexoraz") for other in OTHERS[user]]
            for closed in (*foreign, f"nexoraz.{user}.>", "rpc.>", "_INBOX.>", "nexoraz.>", "$JS.>", "$SYS.>", ">"):
                assert await session.refusals(session.client.subscribe(closed)), closed
            queue = session.client.subscribe(f"rpc.{OTHERS[user][0]}.release", queue="q")
            assert await session.refusals(queue)

    run(work)


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_writes_into_no_inbox_that_it_was_not_asked_from(nats: RealNats, user: str) -> None:
    async def work() -> None:
        async with signed_in(nats, user) as session:
            for other in OTHERS[user]:
                assert await session.refusals(session.client.publish(f"_INBOX.{other}.guess", b"forged"))

    run(work)


@pytest.mark.parametrize("user", SERVICES)
def test_a_service_reads_every_stream_and_lists_nobodys_consumers(streams: RealNats, user: str) -> None:
    async def work() -> None:
        client = await connect(settings(streams, user), user, reconnect=False)
        try:
            for name in SERVICES:
                await jetstream.create_consumer(client, name, f"nx-{user}", [f"nexoraz.{name}.>"], 1)
                await jetstream.delete_consumer(client, name, f"nx-{user}")
        finally:
            await client.close()
        async with signed_in(streams, user) as session:
            for name in SERVICES:
                for action in ("NAMES", "LIST"):
                    listing = session.client.publish(f"$JS.API.CONSUMER.{action}.{stream_name(name)}", b"")
                    assert await session.refusals(listing), action
            for action in ("STREAM.NAMES", "STREAM.LIST", "INFO"):
                assert await session.refusals(session.client.publish(f"$JS.API.{action}", b"")), action

    run(work)


def test_requests_are_answered_with_these_permissions_and_only_once(nats: RealNats) -> None:
    async def work() -> None:
        async with signed_in(nats, "assets") as answering, signed_in(nats, "render") as asking:

            async def answer(message: Any) -> None:
                await message.respond(b"released")
                await message.respond(b"again")

            assert not await answering.refusals(answering.client.subscribe("rpc.assets.release-photo", cb=answer))
            reply = await asking.client.request("rpc.assets.release-photo", b"{}", timeout=5)
            assert reply.data == b"released"
            await answering.refusals(asyncio.sleep(0.05))
            (why,) = answering.refused
            assert "permissions violation for publish" in why.lower()

    run(work)


def test_a_request_that_nobody_answers_is_not_seen_by_another(nats: RealNats) -> None:
    async def work() -> None:
        async with signed_in(nats, "billing") as asking:
            with pytest.raises(NoRespondersError):
                await asking.client.request("rpc.assets.release-photo", b"{}", timeout=2)

    run(work)


@pytest.mark.parametrize("user", SERVICES)
def test_nobody_enters_without_the_password(nats: RealNats, user: str) -> None:
    async def work() -> None:
        for wrong in (NatsSettings(url=nats.url), NatsSettings(url=nats.url, user=user, password="guess")):
            with pytest.raises((BusUnavailable, BusRefused)):
                await connect(wrong, user, reconnect=False)

    run(work)


def test_the_server_listens_on_one_loopback_port_only(nats: RealNats) -> None:
    """No monitoring port: it would name the consumers, whose names are what keeps them from others."""
    configuration = json.loads(nats.part.configuration_file.read_text())
    assert configuration["host"] == "127.0.0.1"
    assert not {"http", "http_port", "https", "https_port", "monitor_port", "websocket", "mqtt", "cluster"} & set(
        configuration
    )
    with socket.create_connection(("127.0.0.1", nats.part.port), timeout=2) as connection:
        assert connection.recv(4) == b"INFO"
