"""Connections to NATS, and the bus as the threads of a worker see it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from sqlalchemy import Engine, select

from nexoraz.events import jetstream
from nexoraz.events.jetstream import BusRefused, BusUnavailable
from nexoraz.events.schema import KernelTables

__all__ = ["BusLink", "BusRefused", "BusUnavailable", "NatsSettings", "OwnStream", "connect"]

T = TypeVar("T")
CONNECT_S = 4.0
log = structlog.get_logger()


class Revealed(Protocol):
    def reveal(self) -> str:
        """A secret, read where it is used."""


class BusUser(Protocol):
    """What a service's own settings say about NATS."""

    @property
    def nats_url(self) -> str: ...
    @property
    def nats_user(self) -> str: ...
    @property
    def nats_password(self) -> Revealed: ...
    @property
    def nats_replicas(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsSettings:
    """Where NATS is. url: one or more, separated by commas. replicas: copies of the service's own stream."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    replicas: int = 1
    max_message_bytes: int = 262_144

    @classmethod
    def of(cls, user: BusUser) -> "NatsSettings":
        """From the settings of a service."""
        return cls(
            url=user.nats_url, user=user.nats_user, password=user.nats_password.reveal(), replicas=user.nats_replicas
        )


class BusClient(Client):
    """nats-py with a quicker reading of headers: looking at each character of each name for white space took half of
    the time of consuming. Names that hold any are skipped as before, line by line."""

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in raw.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(":")
            if colon and " " not in name and name.isascii() and name.isprintable():
                found[name] = value.strip()
        return found


async def connect(
    settings: NatsSettings,
    name: str,
    *,
    reconnect: bool,
    on_lost: Callable[[], None] = lambda: None,
    on_back: Callable[[], None] = lambda: None,
) -> Client:
    """A connection of this process (never inherit one over a fork). With `reconnect` it tries for ever; without, it
    closes at the first fault, so that nothing published earlier is sent later. Raises BusUnavailable."""

    async def lost() -> None:
        on_lost()

    async def back() -> None:
        on_back()

    async def faulty(error: Exception) -> None:
        log.debug("nats", fault=type(error).__name__)

    options: dict[str, Any] = {"user": settings.user, "password": settings.password} if settings.user else {}
    try:
        client = BusClient()
        connecting = client.connect(
            servers=[url.strip() for url in settings.url.split(",")],
            name=name,
            allow_reconnect=reconnect,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type] # declared int, slept for as it is
            connect_timeout=3,
            ping_interval=5,
            max_outstanding_pings=2,
            inbox_prefix=f"_INBOX.{settings.user or name}",
            disconnected_cb=lost,
            closed_cb=lost,
            reconnected_cb=back,
            error_cb=faulty,
            **options,
        )
        await asyncio.wait_for(connecting, CONNECT_S)
        return client
    except (nats.errors.Error, OSError, TimeoutError) as error:
        raise BusUnavailable(f"no NATS server answers ({type(error).__name__})") from error


class BusLink:
    """The worker's NATS connection, for its coroutines and for the threads of its tasks.

    Made in the bootstrap, attached by `run_worker`. Before that, calls from threads raise BusUnavailable.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None
        self._broken: set[Callable[[], None]] = set()

    def attach(self, client: Client) -> None:
        self._loop, self._client = asyncio.get_running_loop(), client

    def detach(self) -> None:
        self._loop = self._client = None

    @property
    def client(self) -> Client:
        """Raises BusUnavailable while there is no connection."""
        if self._client is None or not self._client.is_connected:
            raise BusUnavailable("not connected to NATS")
        return self._client

    @property
    def is_connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    def on_interruption(self, action: Callable[[], None]) -> Callable[[], None]:
        """Run `action` whenever the connection was lost or came back; returns the call that ends it."""
        self._broken.add(action)
        return lambda: self._broken.discard(action)

    def interrupted(self) -> None:
        for action in list(self._broken):
            action()

    def call(self, work: Callable[[Client], Awaitable[T]], timeout_s: float) -> T:
        """Run a coroutine on the worker's loop from another thread. Raises BusUnavailable."""
        if self._loop is None:
            raise BusUnavailable("the worker has no connection to NATS yet")

        async def bounded() -> T:
            return await asyncio.wait_for(work(self.client), timeout_s)

        try:
            return asyncio.run_coroutine_threadsafe(bounded(), self._loop).result(timeout_s + 1)
        except TimeoutError as error:
            raise BusUnavailable(f"no answer within {timeout_s} s") from error


class OwnStream:
    """The service's own stream, for the threads of tasks: what the erasure of an account needs."""

    def __init__(self, link: BusLink, service: str, engine: Engine, tables: KernelTables) -> None:
        self._link = link
        self._service = service
        self._engine = engine
        self._checkpoint = tables.relay_checkpoint

    def purge_key(self, key: str) -> int:
        """Remove every message of a key (an account id) from the bus; returns how many. Repeatable."""
        return self._link.call(lambda nc: jetstream.purge(nc, self._service, key), 10.0)

    def messages_of(self, key: str) -> int:
        """How many messages of a key the bus still stores."""
        return self._link.call(lambda nc: jetstream.count(nc, self._service, key), 10.0)

    def wait_until_relayed(self, position: int, timeout_s: float = 30.0) -> None:
        """Return once everything up to `position` has been published. Raises BusUnavailable after the time."""
        deadline = monotonic() + timeout_s
        while self._relayed() < position:
            if monotonic() > deadline:
                raise BusUnavailable(f"position {position} was not relayed within {timeout_s} s")
            sleep(0.005)

    def _relayed(self) -> int:
        with self._engine.connect() as connection:
            return connection.execute(select(self._checkpoint.c.position)).scalar() or 0
