"""A task runs at least once, completes with its effect, outlives its worker, and gives up visibly."""

import threading
import time
from typing import Any

import pytest

from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.sql_store import connection_of
from nexoraz.events.tasks import GiveUp, MemoryTaskQueue, Postpone, Task, TaskLost, TaskQueue
from nexoraz.events.testing.fakes import MemorySealer

from .conftest import NewShop
from .shop import REGISTRY, TABLES, Shop, eventually


class Doing:
    """Task handlers that remember what they were given."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.failures = 0

    def work(self, task: Task) -> None:
        if self.failures > 0:
            self.failures -= 1
            raise RuntimeError("an inner matter")
        self.done.append((task.key, task.payload["n"]))


def enqueue(shop: Shop, queue: TaskQueue, key: str, n: int, kind: str = "work", **more: Any) -> None:
    with shop.store.transaction() as tx:
        queue.enqueue(tx, kind, key, {"n": n}, **more)


def states(shop: Shop) -> list[tuple[str, str]]:
    return [tuple(row) for row in shop.rows("SELECT key, state FROM tasks ORDER BY id")]


def test_tasks_run_once_and_their_rows_go(new_shop: NewShop) -> None:
    doing, queue = Doing(), TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": doing.work})
    with render.running():
        for n in range(50):
            enqueue(render, queue, f"key-{n}", n)
            enqueue(render, queue, f"key-{n}", n + 100)
        eventually(lambda: not states(render))
    assert sorted(doing.done, key=lambda d: d[1])[:50] == [(f"key-{n}", n) for n in range(50)]


def test_a_task_of_a_transaction_that_rolled_back_never_runs(new_shop: NewShop) -> None:
    doing, queue = Doing(), TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": doing.work})
    with render.running():
        with pytest.raises(LookupError), render.store.transaction() as tx:
            queue.enqueue(tx, "work", "never", {"n": 1})
            raise LookupError
        enqueue(render, queue, "yes", 2)
        eventually(lambda: doing.done == [("yes", 2)])
        time.sleep(0.3)
    assert doing.done == [("yes", 2)]


def test_a_failing_task_is_tried_again_and_dies_visibly(new_shop: NewShop) -> None:
    doing, queue = Doing(), TaskQueue(TABLES)
    doing.failures = 2
    render = new_shop("render", tasks=queue, task_handlers={"work": doing.work})
    with render.running() as worker:
        enqueue(render, queue, "a", 1)
        eventually(lambda: doing.done == [("a", 1)])
        worker.worker.runner._max_attempts = 1
        doing.failures = 5
        enqueue(render, queue, "b", 2)
        eventually(lambda: states(render) == [("b", "dead")])
    assert render.rows("SELECT reason, attempts FROM tasks") == [("RuntimeError", 1)]


def test_giving_up_keeps_the_reason(new_shop: NewShop) -> None:
    def impossible(task: Task) -> None:
        raise GiveUp("no such photo")

    queue = TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": impossible})
    with render.running():
        enqueue(render, queue, "a", 1)
        eventually(lambda: states(render) == [("a", "dead")])
    assert render.rows("SELECT reason FROM tasks") == [("no such photo",)]


def test_an_outage_is_waited_out_without_counting(new_shop: NewShop) -> None:
    runs: list[int] = []

    def needy(task: Task) -> None:
        runs.append(task.attempts)
        if len(runs) <= 20:
            raise Postpone("the other side is away", 0.01)

    queue = TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": needy})
    with render.running():
        enqueue(render, queue, "a", 1)
        eventually(lambda: len(runs) == 21 and not states(render))
    assert runs == [1] * 21


def test_failures_before_and_after_an_outage_still_count(new_shop: NewShop) -> None:
    runs: list[int] = []

    def needy(task: Task) -> None:
        runs.append(task.attempts)
        if len(runs) % 2:
            raise RuntimeError("an inner matter")
        raise Postpone("away", 0.01)

    queue = TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": needy})
    with render.running() as worker:
        worker.worker.runner._max_attempts = 3
        enqueue(render, queue, "a", 1)
        eventually(lambda: states(render) == [("a", "dead")])
    assert runs == [1, 2, 2, 3, 3]


def test_a_task_waits_as_long_as_it_was_postponed_and_says_why(new_shop: NewShop) -> None:
    def needy(_: Task) -> None:
        raise Postpone("stripe is away", 3600)

    queue = TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": needy})
    with render.running():
        enqueue(render, queue, "a", 1)
        question = "SELECT state, attempts, reason, owner, run_at > now() + interval '59 minutes' FROM tasks"
        eventually(lambda: render.rows(question) == [("due", 0, "stripe is away", "", True)])


def test_effect_and_completion_are_one_commit_and_a_lost_lease_rolls_back(new_shop: NewShop) -> None:
    queue, runs, entered = TaskQueue(TABLES), [], threading.Event()

    def fused(task: Task) -> None:
        runs.append(task.attempts)
        with render.store.transaction() as tx:
            statement = "INSERT INTO seen (account_id, number) VALUES ('task', %s)"
            connection_of(tx).exec_driver_sql(statement, (task.attempts,))
            if task.attempts == 1:
                entered.set()
                time.sleep(1.0)  # longer than the lease; nothing extends it here
            queue.complete(tx, task)

    render = new_shop("render", tasks=queue, task_handlers={"work": fused}, lease_s=0.4)
    with render.running() as worker:
        worker.worker.runner._table.extend = lambda _: None  # type: ignore[assignment,method-assign] # it stalls
        enqueue(render, queue, "a", 1)
        assert entered.wait(5)
        eventually(lambda: not states(render))
        time.sleep(1.2)
    assert runs == [1, 2]
    assert render.rows("SELECT number FROM seen") == [(2,)]


def test_a_long_task_keeps_its_lease(new_shop: NewShop) -> None:
    runs = []

    def slow(task: Task) -> None:
        runs.append(task.attempts)
        time.sleep(1.5)

    queue = TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": slow}, lease_s=0.5)
    with render.running():
        enqueue(render, queue, "a", 1)
        eventually(lambda: runs and not states(render))
    assert runs == [1]


def test_the_task_of_a_worker_that_died_runs_elsewhere(new_shop: NewShop) -> None:
    doing, queue = Doing(), TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": doing.work})
    enqueue(render, queue, "a", 7)
    render.rows(
        "UPDATE tasks SET state = 'running', owner = 'gone', attempts = 1, lease_until = now() + interval '0.5 s'"
    )
    with render.running():
        time.sleep(0.2)
        assert doing.done == []
        eventually(lambda: doing.done == [("a", 7)])


def test_tasks_of_an_erased_account_go_unless_they_belong_to_its_erasure(new_shop: NewShop) -> None:
    doing, queue = Doing(), TaskQueue(TABLES)
    handlers = {"work": doing.work, "erase": doing.work}
    render = new_shop("render", tasks=queue, task_handlers=handlers, survives_erasure=frozenset({"erase"}))
    enqueue(render, queue, "photo", 1, account_id="ada")
    enqueue(render, queue, "request", 2, kind="erase", account_id="ada")
    enqueue(render, queue, "other", 3, account_id="bob")
    with render.store.transaction() as tx:
        tx.tombstone("ada")
    with render.running():
        eventually(lambda: not states(render))
    assert sorted(doing.done) == [("other", 3), ("request", 2)]


def test_each_kind_has_its_own_limit(new_shop: NewShop) -> None:
    running, most, lock = 0, 0, threading.Lock()

    def counted(task: Task) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1

    queue = TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": counted}, task_concurrency={"work": 2})
    for n in range(12):
        enqueue(render, queue, f"key-{n}", n)
    with render.running():
        eventually(lambda: not states(render))
    assert most == 2


def test_the_queue_in_memory_makes_the_same_promises() -> None:
    store, queue = MemoryEventStore(REGISTRY, MemorySealer()), MemoryTaskQueue()
    with store.transaction() as tx:
        queue.enqueue(tx, "work", "a", {"n": 1})
        queue.enqueue(tx, "work", "a", {"n": 2})
        assert queue.waiting == []
    (task,) = queue.waiting
    assert task.payload == {"n": 1}
    with store.transaction() as tx:
        queue.complete(tx, task)
    assert queue.waiting == []
    with pytest.raises(TaskLost), store.transaction() as tx:
        queue.complete(tx, task)
