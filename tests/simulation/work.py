"""What a worker does, a step at a time, by the production parts of its `Worker`: relay, consumers, tasks, redrive.

The loops of production wait for sockets; here the schedule takes their place. What they decide is theirs: where to
begin on a stream, what to handle, when to look at the bus again, whom a task belongs to.
"""

from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from nexoraz.events import jetstream, pulling
from nexoraz.events.checkpoint import Checkpoint
from nexoraz.events.consumer import Consumer, start_after
from nexoraz.events.inbox import PositionMoved
from nexoraz.events.jetstream import BusUnavailable
from nexoraz.events.publishing import ChainedPublisher
from nexoraz.events.relay import BUS_FAULTS
from nexoraz.events.tasks import Task
from nexoraz.events.transient import is_transient
from tests.simulation.bus import Client, Stored, finished
from tests.simulation.database import Cursor, Database
from tests.simulation.dialect import moment
from tests.simulation.processes import WorkerProcess
from tests.simulation.stage import Activity, Killed
from tests.simulation.suite import World

FAULTS = (*BUS_FAULTS, BusUnavailable)
LAST_GIVEN = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"


class AsyncPg:
    """The relay's own connection: each statement is a transaction, unless a block says otherwise."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def execute(self, statement: str, parameters: Any = (), **_: object) -> Any:
        if "pg_sequence_last_value" in statement and "setval" not in statement:
            return _Rows(self._database.rows(LAST_GIVEN))
        if "setval" in statement:
            self._database.raw.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'events'", (parameters[0],)
            )
            return _Rows([])
        pooled = self._database.engine.raw_connection()
        try:
            cursor = Cursor(pooled.driver_connection).execute(statement, parameters)  # type: ignore[arg-type]
            rows = cursor.fetchall() if cursor.description else []
            pooled.commit()
        finally:
            pooled.close()
        return _Rows([_typed(row) for row in rows] if "FROM events e" in statement else rows)

    def transaction(self) -> "AsyncPg":
        return self

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, *_: object) -> None:
        return None


class _Rows:
    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


def _typed(row: tuple[Any, ...]) -> tuple[Any, ...]:
    position, id_, stream, version, type_, account, at, data, cause, trace, erased = row
    occurred: datetime = moment(at)
    return position, UUID(id_), stream, version, type_, account, occurred, data, cause, trace, bool(erased)


@dataclass
class Relaying:
    """The active relay of a service: of which process and life, and how far it thinks it is."""

    worker: WorkerProcess
    life: int
    client: Client
    publisher: ChainedPublisher
    at: Checkpoint


@dataclass
class Pulling:
    """One run of a consumer over a stream: the next sequence, and the stream that it is of."""

    partitions: frozenset[int]
    identity: str
    next: int


@dataclass
class Work:
    """Everything that workers do. moved: whether the last round did anything."""

    world: World
    relaying: dict[str, Relaying] = field(default_factory=dict)
    waiting: list[tuple[WorkerProcess, int, Task]] = field(default_factory=list)

    def start(self, worker: WorkerProcess) -> None:
        """The process begins, or begins again."""
        activity = self._run(worker, "start", worker.start)
        if activity.error is not None:
            worker.process.die()

    def relay(self, worker: WorkerProcess) -> bool:
        """Publish what is new, if this worker may: one relay of a service is active."""
        name = worker.service.name
        active = self.relaying.get(name)
        if active is not None and active.life == active.worker.process.life and active.worker is not worker:
            return False
        return bool(self._run(worker, "relay", lambda: self._relay(worker)).outcome)

    def consume(self, worker: WorkerProcess, consumer: Consumer, most: int) -> bool:
        """Handle up to so many messages of one producer."""
        return bool(
            self._run(
                worker, f"consume {consumer.inbox.producer}", lambda: self._consume(worker, consumer, most)
            ).outcome
        )

    def beat(self, worker: WorkerProcess) -> None:
        """Which partitions are this worker's; and whether its tasks' leases hold on."""

        def beat() -> None:
            worker.worker.leases.prepare()
            held = worker.worker.leases.beat()
            for consumer in worker.worker.consumers:
                consumer.partitions = held
            running = [*worker.worker.runner._running]
            if running:
                worker.worker.runner._table.extend(running)

        self._run(worker, "beat", beat)

    def claim(self, worker: WorkerProcess) -> bool:
        """Lease what is due, one task of each kind."""
        runner = worker.worker.runner
        kinds = [kind for kind in runner._limits if runner.only is None or kind in runner.only]
        free = dict.fromkeys(kinds, 1)
        claimed = self._run(worker, "claim", lambda: runner._table.claim(free)).outcome or []
        self.waiting += [(worker, worker.process.life, task) for task in claimed]
        for task in claimed:
            runner._running[task.id] = task
        return bool(claimed)

    def run_task(self, index: int) -> None:
        """Run one of the leased tasks, unless its process has died since."""
        worker, life, task = self.waiting.pop(index)
        if life != worker.process.life:
            return
        runner = worker.worker.runner

        def run() -> None:
            try:
                runner._run(task)
            finally:
                runner._running.pop(task.id, None)

        self._run(worker, f"task {task.kind} {task.key}", run)

    def reopen(self, worker: WorkerProcess) -> None:
        """A restored service erases again what it missed, and opens; what keeps it from that is tried again."""
        activity = self.world.stage.run(worker.process, "reopen", worker.reopen)
        self.world.stage.note(f"{worker.name} reopen: {activity.outcome} {type(activity.error).__name__}")

    def redrive(self, worker: WorkerProcess) -> bool:
        held = worker.worker.consumers[0].partitions if worker.worker.consumers else frozenset()
        run = worker.worker.redrive.run_once
        return bool(held and self._run(worker, "redrive", lambda: run(held)).outcome)

    def periodic(self, worker: WorkerProcess, index: int) -> None:
        due = worker.worker.parts.periodic[index]
        self._run(worker, f"every {due.name}", due.run)

    def _run(self, worker: WorkerProcess, name: str, work: Any) -> Activity:
        """Faults that production waits out are waited out; anything else is a finding."""
        activity = self.world.stage.run(worker.process, name, work)
        error = activity.error
        outcome = type(error).__name__ if error is not None else activity.outcome
        self.world.stage.note(f"{worker.name} {name}: {outcome if activity.ended else 'aside'}")
        if error is None or isinstance(error, (Killed, PositionMoved, *FAULTS)) or is_transient(error):
            return activity
        raise error

    def _relay(self, worker: WorkerProcess) -> bool:
        relay, name = worker.worker.relay, worker.service.name
        pg: Any = AsyncPg(worker.service.database)
        try:
            active = self._connected(worker, pg)
            batch = finished(relay._after(pg, active.at.position))
            if not batch.end:
                finished(relay._still_there(active.client, active.at))  # type: ignore[arg-type]
                return False
            active.at = self._publish(relay, pg, active, batch)
            relay._faults = 0
        except FAULTS:
            relay._faults += 1
            self.relaying.pop(name, None)
            raise
        return True

    def _publish(self, relay: Any, pg: Any, active: Relaying, batch: Any) -> Checkpoint:
        sequence = active.at.sequence
        if batch.messages:
            publishing = active.publisher.publish(batch.messages, sequence, careful=relay._faults > 1)
            sequence = finished(publishing)
        at = Checkpoint(batch.end, sequence, active.at.identity)
        self.world.stage.point("published, not saved")
        finished(relay._save(pg, at))
        return at

    def _connected(self, worker: WorkerProcess, pg: Any) -> Relaying:
        name, life = worker.service.name, worker.process.life
        active = self.relaying.get(name)
        if active is not None and active.worker is worker and active.life == life and not active.client.is_closed:
            return active
        client: Any = Client(self.world.bus, name)
        publisher = ChainedPublisher(client)
        finished(publisher.start())
        self.relaying[name] = Relaying(worker, life, client, publisher, Checkpoint(0, 0, ""))
        at = finished(worker.worker.relay._reconcile(pg, client))
        self.relaying[name] = Relaying(worker, life, client, publisher, at)
        return self.relaying[name]

    def _consume(self, worker: WorkerProcess, consumer: Consumer, most: int) -> int:
        producer, holder = consumer.inbox.producer, vars(consumer)
        if not consumer.partitions:
            return 0
        pull: Pulling | None = holder["cursor"]
        try:
            if pull is None or pull.partitions != consumer.partitions:
                pull = self._pull(worker, consumer)
                if pull is None:
                    return 0
            state = finished(jetstream.stream_state(Client(self.world.bus, worker.service.name), producer))  # type: ignore[arg-type]
            if state is None or state.identity != pull.identity:
                raise BusUnavailable("the consumer is gone with its stream")
            found = self._next(consumer, pull, most)
            if found:
                consumer.inbox.handle([_incoming(m) for m in found], pull.identity)
                pull.next = found[-1].sequence + 1
                if self.world.stage.rng.random() < 0.2:
                    consumer.inbox.seen(found[-1].sequence, pull.identity)
            holder["cursor"] = pull
            return len(found)
        except BaseException:
            holder["cursor"] = None
            raise

    def _pull(self, worker: WorkerProcess, consumer: Consumer) -> Pulling | None:
        client: Any = Client(self.world.bus, worker.service.name)
        state = finished(jetstream.stream_state(client, consumer.inbox.producer))
        if state is None:
            return None
        marks = consumer.inbox.load(consumer.partitions)
        return Pulling(consumer.partitions, state.identity, start_after(marks, state))

    def _next(self, consumer: Consumer, pull: Pulling, most: int) -> list[Stored]:
        wanted = {filter_.removesuffix(".*.*") for filter_ in consumer.inbox.types}
        found = []
        for message in self.world.bus.of(consumer.inbox.producer):
            type_, partition, _ = message.subject.rsplit(".", 2)
            if message.sequence >= pull.next and type_ in wanted and int(partition) in pull.partitions:
                found.append(message)
                if len(found) == most:
                    break
        return found


def _incoming(message: Stored) -> Any:
    """Through the kernel's own reading of a message."""
    msg: Any = SimpleNamespace(subject=message.subject, data=message.payload)
    return pulling._incoming(msg, message.sequence, message.headers)
