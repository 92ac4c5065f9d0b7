"""A small service that holds something of every kind, for tests of what holds for all services.

It keeps notes (event, table with a sealed column, child table), photos (objects), invoices (kept by law for a time) and
refusals of tokens (which an erasure itself writes).
"""

import io
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    ForeignKey,
    Identity,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.buckets import Bucket
from nexoraz.events.classification import Id, Personal
from nexoraz.events.columns import operational, personal, pseudonym
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.declarations import Holding
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.holdings import FileName, Holdings, ObjectHolding, Retained, TableHolding, Unlinked
from nexoraz.events.objects import ObjectKind, Objects
from nexoraz.events.participation import PROTOCOL_EVENTS, Participation
from nexoraz.events.registry import Registry
from nexoraz.events.retention import Retention
from nexoraz.events.rules import Rule
from nexoraz.events.schema import KernelTables
from nexoraz.events.sealed_columns import seal_column
from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import Task, TaskQueue
from nexoraz.events.testing.outside import FakeBus
from nexoraz.events.vault import Vault


class NoteAdded(Event, frozen=True):
    """A person wrote something."""

    note_id: Id
    text: Annotated[str, Personal("user.content")]


REGISTRY = Registry.of([NoteAdded, *PROTOCOL_EVENTS])
PHOTOS = ObjectKind("photos", Personal("user.content.private", purpose="content"))
METADATA = MetaData()
KERNEL = KernelTables(METADATA)
STAMP = DateTime(timezone=True)
NOTES = Table(
    "notes",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False, index=True),
    personal("title", Personal("user.content")),
    pseudonym("copied_from", Text, nullable=False, server_default=""),
)
LINES = Table(
    "note_lines",
    METADATA,
    operational("id", BigInteger, Identity(), primary_key=True),
    pseudonym("note_id", Text, ForeignKey("notes.id"), nullable=False, index=True),
    pseudonym("account_id", Text, nullable=False, index=True),
)
INVOICES = Table(
    "invoices",
    METADATA,
    pseudonym("id", Text, primary_key=True),
    pseudonym("account_id", Text, nullable=False, index=True),
    operational("paid_at", STAMP),
)
REFUSALS = Table("refusals", METADATA, pseudonym("subject", Text, primary_key=True))
ROWS = "SELECT count(*) FROM {} WHERE account_id = :a"
TAX = "legal-obligation: accounting records"
RULES = [Rule("invoices", "to account for what was sold", TAX, "ten years", "term")]


def holdings_of(store: SqlEventStore, vault: Vault, objects: Objects) -> Holdings:
    """Everything that the notebook declares."""
    declared: list[Holding] = [
        TableHolding(NOTES, "user.content", present=lambda row: {"id": row["id"], "title": row["title"]}),
        TableHolding(LINES, "user.content"),
        TableHolding(
            INVOICES,
            "user.financial",
            retention="invoices",
            retained=Retained(TAX, INVOICES.c.paid_at + timedelta(days=3653)),
        ),
        Unlinked(REFUSALS, "refuses the tokens of the erased", searched=False),
        ObjectHolding(objects, PHOTOS, describe=lambda _, a: {f"{a}-photo": FileName("cup.jpg", "image/jpeg")}),
    ]
    return Holdings("notebook", store, METADATA, vault, declared, RULES)


class Notebook:
    """The service, wired on real databases, driven step by step."""

    def __init__(self, engine: Engine, vault: Vault, bucket: Bucket) -> None:
        self.engine, self.vault, self.bus = engine, vault, FakeBus()
        self.store = SqlEventStore(engine, KERNEL, REGISTRY, vault)
        self.objects = Objects(bucket, vault)
        self.told: list[str] = []
        self.queue = TaskQueue(KERNEL)
        self.queue.owner = "worker-1"
        self.take_part(holdings_of(self.store, vault, self.objects))

    def take_part(self, holdings: Holdings) -> None:
        """Erasure and export by these declarations."""
        self.holdings = holdings
        self.participation = Participation(
            "notebook", self.store, self.queue, holdings, self.vault, self.bus, self.bus, self.bus,
            on_begun=self.refuse_tokens, before_erase=lambda account, _: self.told.append(account),
            upload=self.bus.upload,
        )  # fmt: skip

    def retention(self, batch: int = 1_000) -> Retention:
        """The retention job; its clock is the store's."""
        return Retention(self.holdings, self.participation.expire, batch)

    def refuse_tokens(self, tx: Transaction, account_id: str) -> None:
        connection_of(tx).execute(upsert(REFUSALS).values(subject=account_id).on_conflict_do_nothing())

    def live(self, account_id: str, notes: int = 3, invoices: int = 0) -> None:
        """A person uses the notebook."""
        stream = Stream.of("notes", account_id, account_id)
        with self.store.transaction() as tx:
            tx.append(stream, 0, [NoteAdded(f"{account_id}-{n}", f"secret {n} of {account_id}") for n in range(notes)])
            for n in range(notes):
                self.write_row(tx, account_id, f"{account_id}-{n}")
            for n in range(invoices):
                row = {
                    "id": f"{uuid5(NAMESPACE_URL, account_id)}-{n}",
                    "account_id": account_id,
                    "paid_at": datetime.now(UTC),
                }
                connection_of(tx).execute(insert(INVOICES), [row])
        self.objects.put_stream(
            account_id, PHOTOS, f"{account_id}-photo", io.BytesIO(b"a cup of coffee" * 5000), 100_000
        )
        self.bus.messages[account_id] = notes

    def write_row(self, tx: Transaction, account_id: str, note_id: str) -> None:
        title = seal_column(self.vault, NOTES.c.title, account_id, note_id, f"title {note_id}")
        connection_of(tx).execute(insert(NOTES), [{"id": note_id, "account_id": account_id, "title": title}])
        connection_of(tx).execute(insert(LINES), [{"note_id": note_id, "account_id": account_id}])

    def receive(self, message: Foreign, key: str = "") -> None:
        """The consumer delivers one message; `key` is its id, the same for a duplicate."""
        id_ = uuid5(NAMESPACE_URL, key) if key else uuid4()
        received = Received(id_, message.source, "privacy", 1, 0, "k", "t", message)
        with self.store.transaction() as tx:
            self.participation.handlers[type(message)](tx, received)

    def work(self, kind: str = "") -> int:
        """Run the tasks that wait, each once, as a worker would; what they raise is raised."""
        claimed = self.claim(kind)
        for task in claimed:
            self.participation.task_handlers[task.kind](task)
            with self.engine.begin() as connection:
                connection.execute(
                    delete(KERNEL.tasks).where(KERNEL.tasks.c.id == task.id, KERNEL.tasks.c.attempts > 0)
                )
        return len(claimed)

    def claim(self, kind: str = "") -> list[Task]:
        """Lease every task, as a worker that has just started does after another one died."""
        tasks = KERNEL.tasks
        claim = tasks.update().values(state="running", owner="worker-1", attempts=tasks.c.attempts + 1)
        mine = claim.where(tasks.c.kind == kind) if kind else claim
        with self.engine.begin() as connection:
            rows = connection.execute(mine.returning(tasks))
            return [Task(r.id, r.kind, r.key, r.account_id, r.payload, r.attempts) for r in rows]

    def events(self, type_: type[Event]) -> list[Any]:
        """All recorded events of a type, oldest first."""
        name = REGISTRY.name_of(type_)
        query = select(KERNEL.events).where(KERNEL.events.c.type == name).order_by(KERNEL.events.c.position)
        with self.engine.connect() as connection:
            rows = connection.execute(query).all()
        streams = [Stream(row.stream, row.account_id) for row in rows]
        return [REGISTRY.decode(r.type, r.data, s, r.version, None) for r, s in zip(rows, streams, strict=True)]

    def published(self, type_: type[Event]) -> list[Any]:
        """What the relay makes of the recorded events of a type."""
        at = Recorded(1, uuid4(), Stream("x", ""), 1, datetime.now(UTC), None)
        return [self.participation.translate(event, at) for event in self.events(type_)]

    def rows_of(self, account_id: str) -> dict[str, int]:
        """Rows about an account by hand-written SQL, for comparison with what the holdings say."""
        with self.engine.connect() as connection:
            return {
                table: int(connection.execute(text(ROWS.format(table)), {"a": account_id}).scalar_one())
                for table in ("events", "notes", "note_lines", "invoices")
            }

    def fingerprint(self, account_id: str) -> bytes:
        """Everything about an account byte for byte."""
        with self.engine.connect() as connection:
            rows = [
                connection.execute(select(t).where(t.c.account_id == account_id).order_by(*t.primary_key.columns)).all()
                for t in (KERNEL.events, NOTES, LINES, INVOICES)
            ]
        sealed = b"".join(self.objects.raw(account_id, PHOTOS, f"{account_id}-photo"))
        return msgspec.json.encode([[str(row) for row in table] for table in rows]) + sealed

    def waiting(self) -> int:
        """Tasks in the queue."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(KERNEL.tasks)).scalar_one())
