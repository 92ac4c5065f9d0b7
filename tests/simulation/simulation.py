"""One seed, one run: the same seed gives the same trace, byte for byte, in every process."""

import hashlib
import multiprocessing.process  # draws chance when it is imported first, which must not be in the middle  # noqa: F401
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.simulation.chance import Clock, held
from tests.simulation.oracle import Issued, Oracle
from tests.simulation.oracle import held as stored_of
from tests.simulation.people import CUSTOMER, Person
from tests.simulation.replaced import outside, simulated
from tests.simulation.schedule import Schedule
from tests.simulation.stage import Stage
from tests.simulation.suite import World
from tests.simulation.work import Work

BEGIN = 1_800_000_000_000_000
STEPS = (60, 260)
"""Disturbed steps of a run: between so many."""


@dataclass
class Outcome:
    """What came of a seed. finding: None when every invariant held."""

    seed: int
    finding: BaseException | None
    trace: list[str]
    certificates: int
    exports: int
    kills: int

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.trace).encode()).hexdigest()


class Simulation:
    """The suite, put together once; `run` plays a seed in it."""

    def __init__(self) -> None:
        self.clock = Clock(BEGIN)
        self.stage = Stage(random.Random(0), self.clock)
        self.issued = Issued()
        with held(random.Random(0), self.clock):
            self.world = World(self.clock, self.stage)
        for service in self.world.services.values():
            self.issued.watch(service)
        for subject in ("rpc.privacy.grant-upload", "rpc.privacy.erasures", "rpc.assets.release-photo"):
            self.world.bus.answering[subject] = self.world.answering
        with self._held(random.Random(0)):
            self.bystander = self._lives("bystander", "render", "sign-in", "upload").accounts[0]
            self.customer = self._lives("customer")
            self.template = self.world.snapshot()
            self.before = stored_of(self.world, self.bystander)
        self.template_keys = {name: set(keys) for name, keys in self.issued.keys.items()}
        self.template_at = self.clock.at

    def run(self, seed: int) -> Outcome:
        """Play a seed from the beginning; what it finds is in the outcome."""
        rng = random.Random(seed)
        with self._held(rng):
            self._reset(rng)
            schedule, oracle = self._cast(rng)
            finding: BaseException | None = None
            try:
                schedule.disturbed(rng.randrange(*STEPS))
                schedule.settle()
                oracle.at_rest(schedule.restored)
            except Exception as error:
                finding = error
            self._sweep()
        return self._outcome(seed, finding)

    def _outcome(self, seed: int, finding: BaseException | None) -> Outcome:
        privacy = self.world.services["privacy"].database
        certificates = privacy.rows("SELECT count(*) FROM certificates")[0][0]
        exports = privacy.rows("SELECT count(*) FROM requests WHERE type = 'access' AND state = 'completed'")[0][0]
        kills = sum(" killed " in line for line in self.stage.trace)
        trace = [*self.stage.trace, f"stores {self._stores()}", f"finding {finding!r}"]
        return Outcome(seed, finding, trace, certificates, exports, kills)

    def _stores(self) -> str:
        """A digest of everything that lies anywhere, so that two traces agree on all bytes or not at all."""
        digest = hashlib.sha256()
        for service in self.world.services.values():
            for database in (service.database, service.vault):
                for table in database.tables():
                    digest.update(repr(sorted(map(repr, database.rows(f"SELECT * FROM {table}")))).encode())
            digest.update(repr(sorted(service.bucket.versions.items())).encode())
            digest.update(repr(self.world.bus.of(service.name)).encode())
        return digest.hexdigest()

    def _reset(self, rng: random.Random) -> None:
        self.stage.rng, self.stage.trace, self.stage.quiet = rng, [], True
        self.stage.current = None
        self.clock.at = self.template_at
        self.world.restore(self.template)
        for worker in self.world.workers():
            worker.again()
        self.issued.keys = {name: set(keys) for name, keys in self.template_keys.items()}
        self.issued.late.clear()

    def _cast(self, rng: random.Random) -> tuple[Schedule, Oracle]:
        names = [f"canary{rng.getrandbits(64):016x}" for _ in range(rng.randrange(1, 4))]
        people = [Person(self.world, n, f"{name}@example.org", name) for n, name in enumerate(names)]
        people.append(self.customer.as_now())
        schedule = Schedule(self.world, Work(self.world), rng, people)
        oracle = Oracle(self.world, self.issued, people, self.bystander, self.before)
        schedule.after_step = oracle.after_step
        return schedule, oracle

    def _sweep(self) -> None:
        """After a finding, whoever is still set aside ends with its process."""
        self.stage.quiet = True
        while self.stage.aside:
            self.stage.aside[0].process.die()
            self.stage.resume(self.stage.aside[0])

    def _lives(self, name: str, *does: str) -> Person:
        """Somebody with a photo and ten credits. The bystander is somebody whom nothing of what follows concerns; the
        customer has renders made, and changes their mind, in every run."""
        person = Person(self.world, 99, f"{name}@example.org", f"canary{name}", CUSTOMER)
        schedule = Schedule(self.world, Work(self.world), self.stage.rng, [person])
        for running in self.world.running():
            running.process.die()
        schedule.settle()
        for wish in ("register", "verify", "sign-in", "upload", "sign-in", "buy", "pay", "sign-in", *does):
            person.act(wish)
            if wish == "pay":
                schedule.news(person.intents[0], 0)
            schedule.settle()
        paid = self.world.services["billing"].database.rows("SELECT 1 FROM ledger WHERE kind = 'purchase'")
        if not (paid and person.photos and len(person.jobs) == does.count("render")):
            raise AssertionError(f"{name} is not who the runs need: {person}")
        return person

    @contextmanager
    def _held(self, rng: random.Random) -> Iterator[None]:
        with simulated(lambda: self.world), held(rng, self.clock), outside(self.world):
            yield
