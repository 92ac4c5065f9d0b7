"""One run: the seed chooses among what could happen next, until faults stop and all has to come to rest."""

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from psycopg import OperationalError

from nexoraz.events.projector import rebuild
from tests.simulation.people import Person
from tests.simulation.processes import WorkerProcess
from tests.simulation.stage import Killed, Stuck
from tests.simulation.suite import Service, World
from tests.simulation.work import Work

DUE = (
    "SELECT 1 FROM tasks WHERE (state = 'due' AND run_at <= now()) OR (state = 'running' AND lease_until < now())"
    " LIMIT 1"
)
LETTERS = (
    "SELECT 1 FROM dead_letters WHERE state = 'behind' OR (state = 'retrying' AND next_attempt_at <= now()) LIMIT 1"
)
NEXT = (
    "SELECT min(at) FROM (SELECT run_at AS at FROM tasks WHERE state = 'due' UNION ALL"
    " SELECT lease_until FROM tasks WHERE state = 'running' UNION ALL"
    " SELECT next_attempt_at FROM dead_letters WHERE state = 'retrying')"
)
BEAT_US = 6_000_000
SETTLED_BEAT_US = 600_000_000
MOST_STEPS = 6_000
"""In which everything comes to rest once nothing is disturbed any more."""
HORIZON_US = 45 * 86_400 * 1_000_000
Step = Callable[[], Any]


@dataclass
class Schedule:
    """What happens in one run."""

    world: World
    work: Work
    rng: random.Random
    people: list[Person]
    backups: dict[str, sqlite3.Connection] = field(default_factory=dict)
    beaten: dict[str, int] = field(default_factory=dict)
    restored: set[str] = field(default_factory=set)
    started: int = 0
    after_step: Step = lambda: None
    every_us: int = BEAT_US

    def disturbed(self, steps: int) -> None:
        """Faults, people and work, in any order."""
        stage = self.world.stage
        stage.quiet = False
        for _ in range(steps):
            self._one()
            self.after_step()
        stage.quiet = True

    def settle(self) -> None:
        """No fault any more: run everything until nothing moves and nothing is due. Raises Stuck."""
        self._calm()
        self.beaten, self.every_us, last_round = {}, SETTLED_BEAT_US, False
        begun = self.world.clock.at
        for _ in range(MOST_STEPS):
            ready = self.ready()
            if ready:
                ready[self.rng.randrange(len(ready))]()
                self.after_step()
            elif not self._wait(begun):
                if last_round:
                    return
                last_round = self._all_leases_found()
        raise Stuck(f"still moving after {MOST_STEPS} steps: {[step.__qualname__ for step in self.ready()]}")

    def _all_leases_found(self) -> bool:
        """Partitions whose worker died are free after a while; each worker then looks twice for its fair share."""
        self.world.clock.advance(20)
        for worker in [*self.world.workers(), *self.world.workers()]:
            if worker.process.alive and not worker.closed:
                self._beat(worker)
        return True

    def ready(self) -> list[Step]:
        """Every piece of work that could be done now."""
        found: list[Step] = []
        for service in self.world.services.values():
            due = bool(service.database.rows(DUE))
            letters = bool(service.database.rows(LETTERS))
            for worker in service.workers:
                found += self._of(worker, due, letters)
        found += [lambda n=n: self.work.run_task(n) for n in range(len(self.work.waiting))]  # type: ignore[misc]
        return found

    def _of(self, worker: WorkerProcess, due: bool, letters: bool) -> list[Step]:
        if not worker.process.alive:
            return [lambda: self._start(worker)]
        if worker.closed:
            return self._while_closed(worker, due)
        if self.world.clock.at - self.beaten.get(worker.name, 0) > self.every_us:
            return [lambda: self._beat(worker)]
        found: list[Step] = []
        if self._relays(worker):
            found.append(lambda: self.work.relay(worker))
        for consumer in worker.worker.consumers:
            if self._waits(worker, consumer):
                found.append(lambda consumer=consumer: self._consume(worker, consumer))  # type: ignore[misc]
        if due:
            found.append(lambda: self.work.claim(worker))
        if letters and worker.worker.consumers and worker.worker.consumers[0].partitions:
            found.append(lambda: self.work.redrive(worker))
        return found

    def _while_closed(self, worker: WorkerProcess, due: bool) -> list[Step]:
        """The relay, the tasks of the erasures that are done again, and a look at whether all are."""
        found: list[Step] = [lambda: self._reopen(worker)]
        if self._relays(worker):
            found.append(lambda: self.work.relay(worker))
        if due:
            found.append(lambda: self.work.claim(worker))
        return found

    def _reopen(self, worker: WorkerProcess) -> None:
        self.world.clock.advance(0.5)
        if worker.service.name in self.work.relaying:
            self.work.reopen(worker)

    def _consume(self, worker: WorkerProcess, consumer: Any) -> None:
        self.work.consume(worker, consumer, self.rng.choice((1, 1, 2, 5, 50)))

    def _start(self, worker: WorkerProcess) -> None:
        self.work.start(worker)
        if worker.process.alive and not worker.closed:
            self._beat(worker)
            for index, due in enumerate(worker.worker.parts.periodic):
                if worker.process.alive and due.every_s <= 3_600:
                    self.work.periodic(worker, index)

    def _beat(self, worker: WorkerProcess) -> None:
        self.beaten[worker.name] = self.world.clock.at
        self.work.beat(worker)

    def _relays(self, worker: WorkerProcess) -> bool:
        service = worker.service
        active = self.work.relaying.get(service.name)
        if active is None or active.life != active.worker.process.life:
            return True
        if active.worker is not worker:
            return False
        last = service.database.rows("SELECT max(position) FROM events")[0][0] or 0
        stream = self.world.bus.streams.get(f"NEXORAZ_{service.name.upper()}")
        return bool(last > active.at.position) or stream is None or stream.last != active.at.sequence

    def _waits(self, worker: WorkerProcess, consumer: Any) -> bool:
        stream = self.world.bus.streams.get(f"NEXORAZ_{consumer.inbox.producer.upper()}")
        if stream is None or not consumer.partitions:
            return False
        pull = consumer.cursor
        if (
            pull is None
            or pull.partitions != consumer.partitions
            or pull.identity != f"{stream.created}#{_epoch(stream)}"
        ):
            return True
        return bool(self.work._next(consumer, pull, 1))

    def _wait(self, begun: int) -> bool:
        """Move the clock to what is due next; False when nothing is, within the horizon."""
        times = [service.database.rows(NEXT)[0][0] for service in self.world.services.values()]
        coming = [at for at in times if at is not None and at < begun + HORIZON_US]
        if not coming:
            return False
        self.world.clock.at = max(min(coming), self.world.clock.at) + 1_000
        self.world.stage.note("time passes")
        return True

    def _calm(self) -> None:
        """Everything that was broken is mended, and who was set aside goes on."""
        self.world.stage.quiet = True
        self.trouble(0.0)
        while self.world.stage.aside:
            self.world.stage.resume(self.world.stage.aside[0])
        self.world.stage.note("calm")

    def trouble(self, chance: float) -> None:
        """From now on the companies and the bus fail so often."""

        def fails(kind: str) -> bool:
            if chance and self.rng.random() < chance:
                self.world.stage.note(f"trouble: {kind}")
                return True
            return False

        world = self.world
        world.bus.trouble = world.mail.trouble = world.stripe.trouble = world.engine.trouble = fails
        for service in world.services.values():
            service.bucket.trouble = fails
            for database in (service.database,):
                database.lose_answer = lambda: bool(chance) and self.rng.random() < chance / 8

    def _one(self) -> None:
        draw = self.rng.random()
        if draw < 0.16:
            self.people[self.rng.randrange(len(self.people))].act()
        elif draw < 0.26:
            self._disturb()
        elif draw < 0.32 and self.world.stage.aside:
            aside = self.world.stage.aside
            self.world.stage.resume(aside[self.rng.randrange(len(aside))])
        else:
            ready = self.ready()
            if ready:
                ready[self.rng.randrange(len(ready))]()
            else:
                self._pass(self.rng.random() * 3)

    def _disturb(self) -> None:
        kinds: list[tuple[float, Step]] = [
            (5, lambda: self._pass(self.rng.random() * 3)),
            (2, lambda: self._pass(10 ** (self.rng.random() * 4))),
            (0.6, lambda: self._pass(3_600 * 75)),
            (3, self._kill),
            (2, self._forget_cursor),
            (1.5, lambda: self.trouble(self.rng.choice((0.0, 0.0, 0.03, 0.15)))),
            (1.5, self._hint),
            (1, self._backup),
            (0.5, self._restore),
            (0.4, self._wipe),
            (0.7, self._rebuild),
            (1, self._housekeeping),
        ]
        self.rng.choices([step for _, step in kinds], [weight for weight, _ in kinds])[0]()

    def _pass(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        self.world.stage.note(f"clock +{seconds:.3f}")

    def _kill(self) -> None:
        running = self.world.running()
        chosen = running[self.rng.randrange(len(running))]
        if any(a.process is chosen.process for a in self.world.stage.aside) or chosen.process.alive:
            self.world.stage.note(f"killed {chosen.name}")
            chosen.process.die()

    def _forget_cursor(self) -> None:
        """A consumer begins again from its stored positions, so messages come twice."""
        workers = [w for w in self.world.workers() if w.process.alive]
        if workers:
            worker = workers[self.rng.randrange(len(workers))]
            for consumer in worker.worker.consumers:
                consumer.cursor = None  # type: ignore[attr-defined]
            self.world.stage.note(f"pulls again {worker.name}")

    def _hint(self) -> None:
        """The payment company tells its news, perhaps for the second time, perhaps out of order."""
        ended = [i for i, p in self.world.stripe.payments.items() if p.status != "open"]
        if ended:
            self.news(ended[self.rng.randrange(len(ended))], self.rng.randrange(2))

    def news(self, intent: str, number: int) -> None:
        """The payment company tells that something came of a payment."""
        billing = self.world.services["billing"].web
        billing.start()

        def told() -> None:
            with billing.app.runtime.store.transaction() as tx:
                billing.app.watch.soon(tx, intent, f"evt_{number}")

        activity = self.world.stage.run(billing.process, f"webhook {intent} {number}", told)
        self.world.stage.note(f"webhook {intent} {number}: {type(activity.error).__name__}")

    def _backup(self) -> None:
        service = self._service()
        self.backups[service.name] = service.database.backup()
        self.world.stage.note(f"backup {service.name}")

    def _restore(self) -> None:
        """A service's database is what it was; its vault and its bucket stay. Privacy's own is left to another test."""
        names = [name for name in self.backups if name != "privacy"]
        if not names or len(self.restored) > 1:
            return
        name = names[self.rng.randrange(len(names))]
        service = self.world.services[name]
        self.world.stage.note(f"restore {name}")
        for running in service.processes():
            running.process.die()
        service.database.restore(self.backups[name])
        service.database.incarnation += 1
        self.restored.add(name)

    def _wipe(self) -> None:
        service = self._service()
        self.world.bus.wipe(service.name)
        self.world.stage.note(f"bus of {service.name} wiped")

    def _rebuild(self) -> None:
        """Read models are made anew; what they say must not change."""
        worker = self.world.workers()[self.rng.randrange(len(self.world.workers()))]
        if not worker.process.alive or worker.service.database.writer is not None:
            return
        rebuilt = worker.app.read_models
        names = sorted(rebuilt)
        name = names[self.rng.randrange(len(names))]
        store = worker.app.runtime.store
        activity = self.world.stage.run(worker.process, f"rebuild {name}", lambda: rebuild(store, rebuilt[name]), True)
        worker.service.database.drop_shadows()
        self.world.stage.note(f"rebuilt {worker.service.name} {name}: {type(activity.error).__name__}")
        if activity.error is not None and not isinstance(activity.error, Killed | OperationalError):
            raise activity.error  # a command whose database went away is given again

    def _housekeeping(self) -> None:
        workers = [w for w in self.world.workers() if w.process.alive and not w.closed]
        if workers:
            worker = workers[self.rng.randrange(len(workers))]
            self.work.periodic(worker, self.rng.randrange(len(worker.worker.parts.periodic)))

    def _service(self) -> Service:
        services = list(self.world.services.values())
        return services[self.rng.randrange(len(services))]


def _epoch(stream: Any) -> str:
    return str((stream.config.get("metadata") or {}).get("nexoraz-epoch", "0"))
