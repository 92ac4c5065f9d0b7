"""Stored events: sealed where they are personal, lifted when they are old, unreadable once the key is gone."""

from typing import Annotated, Any, ClassVar

import pytest

from nexoraz.events.classification import Fact, Id, Personal, Unclassified
from nexoraz.events.event import Event, Stream
from nexoraz.events.registry import ERASED, Registry, UnknownEvent
from nexoraz.events.testing import MemorySealer

Email = Annotated[str, Personal("user.contact.email")]
STREAM = Stream.of("account", "1", "ann")


class AddressChanged(Event, frozen=True):
    version: ClassVar[int] = 3
    account_id: Id
    email: Email
    note: Annotated[str | None, Personal("user.content")]
    changes: Fact[int]


EVENT = AddressChanged("ann", "ann@example.org", None, 2)


@pytest.fixture
def registry() -> Registry:
    registry = Registry.of([AddressChanged])

    def to_2(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "email": body["address"]}

    def to_3(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "note": None, "changes": body.get("changes", 1)}

    registry.upcast("address-changed", 1, to_2)
    registry.upcast("address-changed", 2, to_3)
    return registry


def test_an_event_comes_back_as_it_was_and_is_sealed_in_between(registry: Registry) -> None:
    sealer = MemorySealer()
    body = registry.encode(EVENT, STREAM, 1, sealer)
    assert "ann@example.org" not in str(body)
    assert registry.decode("address-changed.v3", body, STREAM, 1, sealer) == EVENT


def test_a_first_shape_is_lifted_step_by_step_with_its_seal(registry: Registry) -> None:
    sealer = MemorySealer()
    sealed = registry.encode(EVENT, STREAM, 1, sealer)["email"]
    old = {"account_id": "ann", "address": sealed}
    assert registry.decode("address-changed.v1", old, STREAM, 1, sealer) == AddressChanged("ann", EVENT.email, None, 1)


def test_a_value_moved_to_another_place_does_not_open(registry: Registry) -> None:
    sealer = MemorySealer()
    body = registry.encode(EVENT, STREAM, 1, sealer)
    for stream, version in ((STREAM, 2), (Stream.of("account", "2", "ann"), 1), (Stream.of("account", "1", "bob"), 1)):
        with pytest.raises(ValueError, match="sealed for another"):
            registry.decode("address-changed.v3", body, stream, version, sealer)


def test_destroyed_keys_and_a_missing_sealer_read_as_erased(registry: Registry) -> None:
    sealer = MemorySealer()
    body = registry.encode(EVENT, STREAM, 1, sealer)
    erased = AddressChanged("ann", ERASED, None, 2)
    assert registry.decode("address-changed.v3", body, STREAM, 1, None) == erased
    sealer.destroy("ann")
    assert registry.decode("address-changed.v3", body, STREAM, 1, sealer) == erased


def test_plaintext_in_a_personal_field_is_refused_on_reading(registry: Registry) -> None:
    body = registry.encode(EVENT, STREAM, 1, MemorySealer()) | {"email": "ann@example.org"}
    with pytest.raises(ValueError, match="not sealed"):
        registry.decode("address-changed.v3", body, STREAM, 1, MemorySealer())


def test_an_unknown_type_is_named(registry: Registry) -> None:
    with pytest.raises(UnknownEvent, match=r"address-lost\.v1"):
        registry.decode("address-lost.v1", {}, STREAM, 1, None)


def test_an_undeclared_field_stops_the_registry() -> None:
    class SomethingSaid(Event, frozen=True):
        words: str

    with pytest.raises(Unclassified, match=r"SomethingSaid\.words"):
        Registry.of([SomethingSaid])


def test_a_personal_field_must_be_able_to_read_as_erased() -> None:
    class AgeTold(Event, frozen=True):
        age: Annotated[int, Personal("user.demographic")]

    with pytest.raises(TypeError, match="str or optional"):
        Registry.of([AgeTold])


def test_two_events_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="taken"):
        Registry.of([AddressChanged, AddressChanged])
