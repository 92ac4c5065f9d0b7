"""SIGKILL at every step of the saga, in participants and coordinator, on the real parts."""

import ast
import inspect
from itertools import zip_longest

import pytest

from nexoraz.events import erasure
from tests.faults.conftest import Ground
from tests.faults.killing import CARRYING, COORDINATOR, LIFE, PARTICIPANT
from tests.journey.demo import PRESETS
from tests.journey.person import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

Order = tuple[str, str]


def _moments(service: str, targets: tuple[str, ...]) -> list[Order]:
    return [(service, f"{when} {target}") for target in targets for when in ("before", "after")]


NOT_OBJECTS = tuple(t for t in PARTICIPANT if not t.endswith("erase_objects"))


PER_SERVICE = (
    _moments("assets", PARTICIPANT),
    [*_moments("privacy", COORDINATOR), *_moments("privacy", CARRYING)],
    _moments("billing", NOT_OBJECTS),
    _moments("identity", NOT_OBJECTS),
    _moments("render", PARTICIPANT),
)
ROUNDS = [
    *([order for order in orders if order is not None] for orders in zip_longest(*PER_SERVICE)),
    *([order] for order in _moments("assets", CARRYING)),
]
"""In each round one erasure, and one kill in each of these services, each at another step."""


def _name(orders: list[Order]) -> str:
    return ", ".join(f"{service} {moment.split()[0]} {moment.rpartition('.')[2]}" for service, moment in orders)


@pytest.mark.parametrize("orders", ROUNDS, ids=_name)
def test_an_erasure_converges_whatever_step_its_workers_die_at(ground: Ground, orders: list[Order]) -> None:
    person = ground.person(renders=int(any(service == "render" for service, _ in orders)))
    person.sign_in()
    for service, moment in orders:
        ground.order(service, moment)
    request = person.ask_erasure()
    ground.erased(person, request)
    missed = [service for service, _ in orders if not ground.obeyed(service)]
    assert missed == [], f"never came to that step: {missed}"


def test_every_step_of_an_erasure_has_its_kill() -> None:
    """Whoever adds a step to the erasure adds it to the kills, or this test says so."""
    [cls] = [node for node in ast.parse(inspect.getsource(erasure)).body if isinstance(node, ast.ClassDef)]
    own = {node.name for node in cls.body if isinstance(node, ast.FunctionDef)} - {"run", "_run", "_postpone"}
    killed = {target.rpartition(".")[2] for target in PARTICIPANT if ":Erasure." in target}
    assert own == killed
    called = {
        node.func.attr
        for node in ast.walk(cls)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _of_a_port(node.func)
    }
    wrapped = {target.rpartition(".")[2] for target in PARTICIPANT}
    assert called - wrapped == WITHIN, "a new call outwards: add it to PARTICIPANT, or here with its reason"


WITHIN = {
    "objects_inventory",  # before and after it: _prepare, _record
    "everything", "kept",  # read
    "wait_passed", "count", "purge",  # _purge_bus, before and after
    "before", "after",  # hooks of services: within _prepare, and between _purge_bus and _finish
    "complete", "enqueue",  # in the transactions of _finish and _postpone
}  # fmt: skip


def _of_a_port(function: ast.Attribute) -> bool:
    """self.x(…) and self.x.y(…), but not own methods or what is inside of a transaction."""
    value = function.value
    if isinstance(value, ast.Name) and value.id == "self":
        return not function.attr.startswith("_")
    return isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name) and value.value.id == "self"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_render_and_its_credits_survive_the_death_of_the_renderer_and_of_billing(ground: Ground, when: str) -> None:
    person = ground.person()
    photo = person.call("GET", "/v1/assets/photos")["items"][0]
    ground.order("render", f"{when} {LIFE[0]}")
    ground.order("billing", f"{when} {CARRYING[0]}")
    person.render(photo["id"], PRESETS[0])
    until(lambda: person.balance() == {"balance": 9, "reserved": 0, "held": 0} or None, "the credit was spent once")
    assert ground.obeyed("render") and ground.obeyed("billing")


@pytest.mark.parametrize("moment", [f"{when} {target}" for target in LIFE[1:] for when in ("before", "after")])
def test_a_payment_counts_once_whatever_kills_billing(ground: Ground, moment: str) -> None:
    person = ground.person()
    ground.order("billing", moment)
    person.buy("studio")
    until(lambda: person.balance() == {"balance": 60, "reserved": 0, "held": 0} or None, "bought once each")
    assert ground.obeyed("billing")
