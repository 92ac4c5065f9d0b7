"""The erasure of somebody who has a customer at Stripe, while Stripe answers and while it does not."""

from dataclasses import replace
from datetime import timedelta
from urllib.error import HTTPError
from uuid import uuid4

import pytest

from nexoraz.billing.bootstrap import App, build
from nexoraz.events.contracts import Received
from nexoraz.events.participation import Participation
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.events.tasks import Postpone, Task
from nexoraz.events.testing.outside import FakeBus
from services.billing.tests.integration.stripe_side import get
from services.billing.tests.integration.world import World

pytestmark = pytest.mark.real
REQUEST = "7a000000-0000-4000-8000-000000000001"


def part_of(app: App) -> Participation:
    bus = FakeBus()
    return app.participation.around(bus, bus, bus, bus.upload)


CLAIM = "UPDATE tasks SET state = 'running', owner = '' WHERE kind = 'erase' RETURNING id, attempts"


def run(app: App) -> None:
    """The worker's task, whenever it is due."""
    with app.runtime.engine.begin() as connection:
        [row] = connection.exec_driver_sql(CLAIM).all()
    payload = {"request_id": REQUEST}
    part_of(app).task_handlers["erase"](Task(row.id, "erase", REQUEST, "", payload, row.attempts))


def asked(world: World) -> None:
    message = ErasureRequested(world.ann.account_id, REQUEST, ["billing"])
    with world.app.runtime.store.transaction() as tx:
        received = Received(uuid4(), message.source, "privacy", 1, 0, "k", "t", message)
        part_of(world.app).handlers[ErasureRequested](tx, received)


def at_stripe(world: World, customer: str) -> bool:
    try:
        return not get(world.stripe, f"customers/{customer}").get("deleted", False)
    except HTTPError as missing:
        assert missing.code == 404
        return False


def test_an_erasure_waits_with_its_reason_while_stripe_is_stuck_for_a_day_and_then_completes(
    world: World,
) -> None:
    world.take()
    customer, settings = world.stripes("customer"), world.app.settings
    away = build(replace(settings, stripe_api_base="http://127.0.0.1:9"), clock=lambda: world.now)
    asked(world)
    for _ in range(3):
        with pytest.raises(Postpone, match="Stripe does not delete the customer"):
            run(away)
        world.now += timedelta(hours=8)
    assert at_stripe(world, customer) and world.stripes("customer") == customer
    run(world.app)
    assert not at_stripe(world, customer) and world.stripes("count(*)") == "0"
    away.runtime.store.hint.close()  # type: ignore[attr-defined]  # Runtime gives a RelayHint
    away.runtime.engine.dispose()
