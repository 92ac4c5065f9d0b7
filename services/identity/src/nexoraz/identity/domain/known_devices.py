"""The devices that an account was used on: an unknown one is told to its owner (clause U2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider
from nexoraz.events.event import Event


class DeviceSeen(Event, frozen=True):
    """A kind of device in a country, for the first time. `first`: no other was seen before, so nobody is told."""

    account_id: Id
    device_hash: Id
    first: Fact[bool]
    at: Fact[datetime]


@dataclass(frozen=True, slots=True)
class SeeDevice:
    """device_hash: keyed hash of the device's family and the country, within the account."""

    account_id: str
    device_hash: str
    now: datetime


def decide(command: SeeDevice, known: frozenset[str]) -> Sequence[DeviceSeen]:
    if command.device_hash in known:
        return []
    return [DeviceSeen(command.account_id, command.device_hash, not known, command.now)]


def evolve(known: frozenset[str], event: DeviceSeen) -> frozenset[str]:
    return known | {event.device_hash}


KNOWN_DEVICES: Decider[SeeDevice, frozenset[str], DeviceSeen] = Decider(frozenset(), decide, evolve)
KNOWN_DEVICE_EVENTS: list[type[Event]] = [DeviceSeen]
