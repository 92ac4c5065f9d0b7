"""A participant under test: driven as the coordinator, the worker and the bus would drive it, without any of them."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from sqlalchemy import Engine, delete, event, select, text

from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.event import Event, Stream
from nexoraz.events.export_parts import File, Group, Record, new_export_key, open_parts
from nexoraz.events.holdings import Holdings
from nexoraz.events.participant import Participant
from nexoraz.events.participation import PROTOCOL_EVENTS, Participation
from nexoraz.events.protocol_contracts import ErasureRequested, ExportRequested, ResidueScanRequested
from nexoraz.events.protocol_events import AccountScanned, ErasureFinished, PartsWritten
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.tasks import Task, TaskQueue
from nexoraz.events.testing.made_up import Overrides, events_of, fill_tables, id_of
from nexoraz.events.testing.outside import FakeBus
from nexoraz.events.vault import Vault

WORKER = "conformance"


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@dataclass
class Exported:
    """What a participant wrote for one request: records and files by store."""

    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)

    def told(self, store: str) -> str:
        return json.dumps(self.records.get(store, []), default=str, ensure_ascii=False)

    @property
    def whole(self) -> str:
        return "".join(self.told(store) for store in self.records) + repr(self.files)


@dataclass
class Subject:
    """overrides: values that the service's own rules ask for (made_up.py). rebuild: makes every read model anew.
    object_id: of an account's made-up object of each kind, as the account's rows name it.
    """

    service: str
    store: SqlEventStore
    vault: Vault
    holdings: Holdings
    participation: Participation
    tasks: TaskQueue
    rebuild: Callable[[], object]
    overrides: Overrides = field(default_factory=dict)
    bus: FakeBus = field(default_factory=FakeBus)
    object_id: Callable[[str], str] = id_of

    @classmethod
    def of(cls, app: Participant, overrides: Overrides | None = None) -> "Subject":
        """A service as its bootstrap puts it together, with a world in memory around its participation."""
        runtime, bus = app.runtime, FakeBus()
        part = app.participation.around(bus, bus, bus, bus.upload)
        tasks, again = runtime.tasks, lambda: app.rebuild([])
        return cls(
            runtime.service, runtime.store, runtime.vault, app.holdings, part, tasks, again, overrides or {}, bus
        )

    def __post_init__(self) -> None:
        self.tasks.owner = WORKER
        self.service = str(self.service)

    @property
    def engine(self) -> Engine:
        return self.store.engine

    def new_account(self) -> str:
        """An account with something in every declared store, and messages on the bus."""
        account_id = str(uuid4())
        self.fill(account_id)
        return account_id

    def fill(self, account_id: str) -> None:
        with self._plain_store().transaction() as tx:
            fill_tables(tx, self.holdings, account_id, self.overrides)
            tx.append(Stream.of("made-up", account_id, account_id), 0, self._events(account_id))
        for held in self.holdings.objects:
            content = self.content(held.store, account_id)
            held.objects.put_stream(account_id, held.kind, self.object_id(account_id), io.BytesIO(content), 10_000)
        self.bus.messages[account_id] = 3

    def content(self, store: str, account_id: str) -> bytes:
        """What lies in the account's object of that store."""
        return f"{store} of {account_id} ".encode() * 100

    def say_more(self, account_id: str) -> None:
        """More happens to the account."""
        with self._plain_store().transaction() as tx:
            tx.append(Stream.of("more", account_id, account_id), 0, self._events(account_id))

    def _plain_store(self) -> SqlEventStore:
        """Without read models, which made-up events would make no sense to."""
        return SqlEventStore(self.engine, self.store.tables, self.store.registry, self.vault)

    def _events(self, account_id: str) -> list[Event]:
        return events_of(self.store.registry, account_id, self._own_events(), self.overrides)

    def _own_events(self) -> Callable[[type[Event]], bool]:
        """The events that hold something personal; a service without any has all of them made up."""
        personal = {each.cls for each in self.store.registry.types() if each.personal}
        return lambda cls: cls in personal if personal else cls not in PROTOCOL_EVENTS

    def receive(self, message: Foreign, key: str = "") -> None:
        """The consumer delivers one message; `key` is its id, the same for a duplicate."""
        id_ = uuid5(NAMESPACE_URL, key) if key else uuid4()
        received = Received(id_, message.source, "privacy", 1, 0, "k", "t", message)
        with self.store.transaction() as tx:
            self.participation.handlers[type(message)](tx, received)

    def work(self) -> int:
        """Run the protocol's tasks that wait, as a worker that has just started; how many ran."""
        tasks, handlers = self.store.tables.tasks, self.participation.task_handlers
        claim = tasks.update().values(state="running", owner=WORKER, attempts=tasks.c.attempts + 1)
        with self.engine.begin() as connection:
            rows = connection.execute(claim.where(tasks.c.kind.in_(handlers)).returning(tasks)).all()
        for row in rows:
            handlers[row.kind](Task(row.id, row.kind, row.key, row.account_id, row.payload, row.attempts))
            with self.engine.begin() as connection:
                connection.execute(delete(tasks).where(tasks.c.id == row.id))
        return len(rows)

    def begin(self, account_id: str, request_id: str = "", key: str = "") -> str:
        """The request to erase arrives; returns its id."""
        request_id = request_id or str(uuid4())
        self.receive(ErasureRequested(account_id, request_id, [self.service]), key)
        return request_id

    def erase(self, account_id: str) -> ErasureFinished:
        """The whole erasure; its receipt."""
        request_id = self.begin(account_id)
        self.work()
        receipt: ErasureFinished = self.last(ErasureFinished, request_id)
        return receipt

    def scan(self, account_id: str) -> AccountScanned:
        request_id = str(uuid4())
        self.receive(ResidueScanRequested(account_id, request_id, [self.service]))
        self.work()
        scanned: AccountScanned = self.last(AccountScanned, request_id)
        return scanned

    def export(self, account_id: str) -> Exported:
        """The service's part of an export, opened as the coordinator opens it."""
        private, public = new_export_key()
        request_id = str(uuid4())
        self.receive(ExportRequested(account_id, request_id, public, [self.service]))
        self.work()
        parts = self.last(PartsWritten, request_id).parts
        where = ((p.name, iter([self.bus.uploads[f"{request_id}/{self.service}/{p.name}"]])) for p in parts)
        exported, store = Exported(), ""
        for entry in open_parts(private, request_id, self.service, where):
            match entry:
                case Group():
                    store = entry.name
                    exported.records[store] = []
                case Record():
                    exported.records[store].append(entry.data)
                case File():
                    exported.files.setdefault(store, []).append(b"".join(entry.chunks))
        return exported

    def recorded(self, type_: type[Event], request_id: str) -> list[Any]:
        """What the service recorded of a request, oldest first."""
        name = self.store.registry.name_of(type_)
        table = self.store.tables.events
        with self.engine.connect() as connection:
            query = select(table).where(table.c.type == name, table.c.stream.like(f"%{request_id}"))
            rows = connection.execute(query.order_by(table.c.position)).all()
        decode = self.store.registry.decode
        return [decode(row.type, row.data, Stream(row.stream, ""), row.version, None) for row in rows]

    def last(self, type_: type[Event], request_id: str) -> Any:
        found = self.recorded(type_, request_id)
        assert found, f"{self.service} never recorded {type_.__name__}: it is silent"
        return found[-1]

    def fingerprint(self, account_id: str) -> bytes:
        """Everything about an account byte for byte: rows and objects as they are stored."""
        with self.engine.connect() as connection:
            tables = [(h.table, h.owned(account_id)) for h in self.holdings.tables]
            tables.append((self.store.tables.events, self.store.tables.events.c.account_id == account_id))
            rows = [
                [str(tuple(row)) for row in connection.execute(select(t).where(own).order_by(*t.primary_key.columns))]
                for t, own in tables
            ]
        raw = [b"".join(h.objects.raw(account_id, h.kind, self.object_id(account_id))) for h in self.holdings.objects]
        return msgspec.json.encode(rows) + b"".join(raw)

    def rows_of(self, account_id: str) -> dict[str, int]:
        """Rows with the account's id anywhere in them, of the tables of which an erasure leaves nothing: a search that
        trusts no declaration but that of a legal reason to keep."""
        found = {}
        with self.engine.connect() as connection:
            for table in (h.table for h in self.holdings.tables if h.retained is None):
                name = table.name
                query = text(f'SELECT count(*) FROM "{name}" t WHERE strpos(t::text, :id) > 0')  # noqa: S608 - our table
                found[name] = int(connection.execute(query, {"id": account_id}).scalar_one())
        return {name: n for name, n in found.items() if n}

    @contextmanager
    def killed_at(self, step: int) -> Iterator[None]:
        """The process dies at its `step`-th commit (an even one: right after it, an odd one: right before)."""
        seen = 0

        def die(_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == step:
                raise Killed

        names = ("commit", "begin")
        for name in names:
            event.listen(self.engine, name, die)
        try:
            yield
        finally:
            for name in names:
                event.remove(self.engine, name, die)
