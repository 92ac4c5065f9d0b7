"""What an operator sees of failed work, and what redriving and discarding do, on a real worker."""

import asyncio
from uuid import uuid4

import pytest

from nexoraz.events.contracts import Received
from nexoraz.events.desks import desks, shown
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import GiveUp, Task, TaskQueue
from nexoraz.service.health import report

from .conftest import NewShop
from .shop import TABLES, Confirmed, Shop, eventually, see

pytestmark = pytest.mark.real


class Switch:
    """Fails until it is turned on."""

    def __init__(self) -> None:
        self.on = False
        self.runs: list[str] = []

    def handle(self, tx: Transaction, received: Received) -> None:
        self.need()
        see(tx, received)

    def work(self, task: Task) -> None:
        self.runs.append(task.key)
        if not self.on:
            raise GiveUp("the bucket refused it")

    def need(self) -> None:
        if not self.on:
            raise LookupError("ada@example.org")


def bury(shop: Shop) -> None:
    """As ten failed attempts would leave them."""
    shop.rows("UPDATE dead_letters SET state = 'dead' WHERE state = 'retrying'")


def test_a_dead_letter_is_listed_shown_and_redriven_and_its_followers_come_in_order(
    new_shop: NewShop, assets: Shop
) -> None:
    switch, account = Switch(), str(uuid4())
    render = new_shop("render", {Confirmed: switch.handle})
    desk = desks(render.engine, TABLES)["letters"]
    with assets.running(), render.running():
        assets.place(account, 2)
        eventually(lambda: len(desk.list()) == 3)
        bury(render)
        titles, first, second = desk.list()
        assert titles.split() == ["id", "state", "attempts", "reason", "type", "key"]
        assert first.split()[1:] == [
            "dead",
            first.split()[2],
            "LookupError",
            "nexoraz.assets.order-confirmed.v1",
            account,
        ]
        assert second.split()[1] == "behind"
        id_ = int(first.split()[0])
        text = "\n".join(desk.show(id_) or [])
        assert account in text and "LookupError" in text
        assert "payload number" in text and "(not shown)" in text and "ada@example.org" not in text
        assert not desk.redrive(int(second.split()[0])), "a letter behind another waits for its turn"
        switch.on = True
        assert desk.redrive(id_)
        eventually(lambda: render.seen() == [(account, 1), (account, 2)])
    assert desk.list() == []
    assert desk.show(id_) is None and not desk.redrive(id_) and not desk.discard(id_)


def test_a_discarded_letter_is_gone_and_what_waited_behind_it_goes_on(new_shop: NewShop, assets: Shop) -> None:
    switch = Switch()
    render = new_shop("render", {Confirmed: switch.handle})
    desk = desks(render.engine, TABLES)["letters"]
    with assets.running(), render.running():
        assets.place("ada", 2)
        eventually(lambda: len(desk.list()) == 3)
        bury(render)
        switch.on = True
        assert desk.discard(int(desk.list()[1].split()[0]))
        eventually(lambda: render.seen() == [("ada", 2)])


def test_a_dead_task_is_listed_redriven_or_discarded(new_shop: NewShop) -> None:
    switch, queue = Switch(), TaskQueue(TABLES)
    render = new_shop("render", tasks=queue, task_handlers={"work": switch.work})
    desk = desks(render.engine, TABLES)["tasks"]
    with render.store.transaction() as tx:
        queue.enqueue(tx, "work", "job-1", {"title": "holiday"}, account_id="ada")
        queue.enqueue(tx, "work", "job-2", {})
        queue.enqueue(tx, "other", "job-3", {})
    assert desk.list() == [], "what never failed is no operator's business"
    with render.running():
        eventually(lambda: len(desk.list()) == 3)
        _, one, two = desk.list()
        assert one.split(maxsplit=5)[1:] == ["dead", "1", "work", "job-1", "the bucket refused it"]
        shown_ = "\n".join(desk.show(int(one.split()[0])) or [])
        assert "ada" in shown_ and "holiday" not in shown_
        assert desk.discard(int(two.split()[0])) and not desk.discard(int(two.split()[0]))
        switch.on = True
        assert desk.redrive(int(one.split()[0]))
        eventually(lambda: render.rows("SELECT kind FROM tasks") == [("other",)])
    assert sorted(switch.runs) == ["job-1", "job-1", "job-2"]
    (waiting,) = render.rows("SELECT id FROM tasks")[0]
    assert not desk.discard(waiting), "only dead tasks are discarded"


def test_dead_work_is_shown_by_readiness_and_takes_no_worker_out_of_service(new_shop: NewShop, assets: Shop) -> None:
    switch, queue = Switch(), TaskQueue(TABLES)
    render = new_shop("render", {Confirmed: switch.handle}, tasks=queue, task_handlers={"work": switch.work})
    with assets.running(), render.running() as running:
        assets.place("ada")
        with render.store.transaction() as tx:
            queue.enqueue(tx, "work", "job-1", {})
        eventually(
            lambda: (
                render.rows("SELECT 1 FROM dead_letters") and render.rows("SELECT 1 FROM tasks WHERE state = 'dead'")
            )
        )
        bury(render)
        assert running.worker.attention.count() == {"dead_letters": 1, "dead_tasks": 1}
        eventually(lambda: asyncio.run(report(running.worker.checks()))[0])
        _, listing = asyncio.run(report(running.worker.checks()))
        (attention,) = [check for check in listing["checks"] if check["name"] == "attention"]
        assert attention["ok"] and attention["counts"] == {"dead_letters": 1, "dead_tasks": 1}


def test_only_ids_of_a_payload_are_shown() -> None:
    id_ = str(uuid4())
    assert shown(f'{{"job_id": "{id_}", "reason": "x@y.z", "n": 3}}'.encode()) == {
        "job_id": id_, "reason": "(not shown)", "n": "(not shown)"
    }  # fmt: skip
    assert shown(b"no json") == {}
