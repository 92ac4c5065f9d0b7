"""Changes of the policy: announced once, told to every account, accepted by going on (clause X3).

The announcement is the service's own history. Who was told, when and how, and when they went on to use the service, is
the person's history, so it is exported to them and goes with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider
from nexoraz.events.event import Event


class Channel(StrEnum):
    """How somebody was told."""

    MAIL = "mail"
    APP = "app"


class PolicyChangeAnnounced(Event, frozen=True):
    """An operator had a material change told to every account. summary: in words of ours."""

    policy_version: Fact[str]
    summary: Fact[str]
    at: Fact[datetime]


class PolicyChangeTold(Event, frozen=True):
    """The account was told for the first time in this way."""

    account_id: Id
    policy_version: Fact[str]
    how: Fact[Channel]
    at: Fact[datetime]


class PolicyAccepted(Event, frozen=True):
    """The account went on using the service after it had been told. by: what it did."""

    account_id: Id
    policy_version: Fact[str]
    by: Fact[str]
    at: Fact[datetime]


@dataclass(frozen=True, slots=True)
class TellPolicyChange:
    account_id: str
    policy_version: str
    how: Channel
    at: datetime


@dataclass(frozen=True, slots=True)
class NoteUse:
    """The account used the service. `at`: when it did, which may be before we hear of it."""

    account_id: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What one account was told: channel and moment per version; and which versions it accepted."""

    told: Mapping[str, Mapping[Channel, datetime]] = field(default_factory=dict)
    accepted: Mapping[str, PolicyAccepted] = field(default_factory=dict)


Command = TellPolicyChange | NoteUse
Happened = PolicyChangeTold | PolicyAccepted


def decide(command: Command, state: Told) -> Sequence[Happened]:
    """Told once in each way; accepted once, by a use after the first telling."""
    match command:
        case TellPolicyChange(account_id, version, how, at):
            known = how in state.told.get(version, {})
            return [] if known else [PolicyChangeTold(account_id, version, how, at)]
        case NoteUse(account_id, by, at):
            return [
                PolicyAccepted(account_id, version, by, at)
                for version, how in state.told.items()
                if version not in state.accepted and at > min(how.values())
            ]
        case _:
            assert_never(command)


def evolve(state: Told, event: Happened) -> Told:
    version = event.policy_version
    match event:
        case PolicyChangeTold():
            ways = {**state.told.get(version, {}), event.how: event.at}
            return replace(state, told={**state.told, version: ways})
        case PolicyAccepted():
            return replace(state, accepted={**state.accepted, version: event})
        case _:
            assert_never(event)


policy_change: Decider[Command, Told, Happened] = Decider(Told(), decide, evolve)
