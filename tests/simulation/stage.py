"""What runs when, and what dies when: one step at a time, chosen by the seed.

Each activity (a web request, a task, a batch of messages, a step of a relay) is production code that runs to its end.
At its points (before and after each commit, and each thing that it does outside of its database) its process may be
killed, or it may be set aside while others go on. Set-aside activities keep a thread of their own that waits for its
turn; never do two run.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.chance import Clock
from tests.simulation.database import Database

LONGEST_S = 60.0
"""Real seconds until an activity that does not come back counts as stuck; a guard, which no outcome depends on."""


class Killed(BaseException):
    """The process that ran this is dead. A BaseException, so that no handler of errors lives on."""


class Stuck(AssertionError):
    """Something did not end in bounded steps."""


@dataclass
class Process:
    """One process of a service. life: counts its starts, so that what an earlier life began is known to be dead."""

    service: str
    name: str
    databases: list[Database]
    life: int = 0
    alive: bool = True
    on_death: list[Callable[[], None]] = field(default_factory=list)

    def die(self) -> None:
        self.life += 1
        self.alive = False
        for database in self.databases:
            database.abandon()
        for action in self.on_death:
            action()


class Activity:
    """Code that runs in a process. fate: at its `at`th point it is killed, or set aside, or (at 0) neither."""

    def __init__(self, process: Process, name: str, work: Callable[[], Any], fate: str, at: int) -> None:
        self.process = process
        self.name = name
        self.work = work
        self.life = process.life
        self.fate = fate
        self.left = at
        self.outcome: Any = None
        self.error: BaseException | None = None
        self.ended = False
        self.turn = threading.Event()
        self.back = threading.Event()
        self.thread: threading.Thread | None = None

    def run(self) -> None:
        try:
            self.outcome = self.work()
        except BaseException as error:  # whoever started it finds out
            self.error = error
        self.ended = True


class Stage:
    """The one place where activities run. trace: a line for each thing that happened, in order."""

    def __init__(self, rng: random.Random, clock: Clock) -> None:
        self.rng = rng
        self.clock = clock
        self.trace: list[str] = []
        self.current: Activity | None = None
        self.aside: list[Activity] = []
        self.quiet = True
        self.points = 0
        self._threads: list[threading.Thread] = []

    def note(self, text: str) -> None:
        self.trace.append(f"{self.clock.at} {text}")

    def point(self, label: str) -> None:
        """A place at which a process may die or be overtaken."""
        activity = self.current
        if activity is None:
            return
        self.points += 1
        if activity.life != activity.process.life:
            raise Killed
        if activity.left == 0:
            return
        activity.left -= 1
        if activity.left == 0:
            self._strike(activity, label)

    def _strike(self, activity: Activity, label: str) -> None:
        if activity.fate == "kill":
            self.note(f"killed {activity.process.name} in {activity.name} at {label}")
            activity.process.die()
            raise Killed
        if any(database.open for database in activity.process.databases):
            activity.left = 1  # not inside of a transaction: at the next point
            return
        self.note(f"aside {activity.process.name} in {activity.name} at {label}")
        self.aside.append(activity)
        self.current = None
        activity.turn.clear()
        activity.back.set()
        activity.turn.wait()
        self.current = activity
        if activity.life != activity.process.life:
            raise Killed

    def run(self, process: Process, name: str, work: Callable[[], Any], whole: bool = False) -> Activity:
        """Begin an activity, and return when it ended or was set aside. whole: nothing comes between its steps."""
        fate, at = self._fate()
        if whole and fate == "aside":
            fate, at = "live", 0
        activity = Activity(process, name, work, fate, at)
        outer = self.current
        self.current = activity
        if fate == "aside" and outer is None:
            activity.thread = threading.Thread(target=self._threaded, args=(activity,), daemon=True)
            activity.back.clear()
            activity.thread.start()
            self._wait_for(activity)
        else:
            if fate == "aside":
                activity.left = 0
            activity.run()
        self.current = outer
        return activity

    def resume(self, activity: Activity) -> None:
        """Let a set-aside activity go on to its end."""
        self.aside.remove(activity)
        self.note(f"resumed {activity.process.name} in {activity.name}")
        activity.back.clear()
        activity.turn.set()
        self._wait_for(activity)
        self.current = None

    def _wait_for(self, activity: Activity) -> None:
        if not activity.back.wait(LONGEST_S):
            raise Stuck(f"{activity.process.name} {activity.name} waits for somebody who is set aside")

    def _threaded(self, activity: Activity) -> None:
        activity.run()
        activity.back.set()

    def _fate(self) -> tuple[str, int]:
        if self.quiet:
            return "live", 0
        draw = self.rng.random()
        if draw < 0.06:
            return "kill", self.rng.randrange(1, 24)
        if draw < 0.16:
            return "aside", self.rng.randrange(1, 16)
        return "live", 0
