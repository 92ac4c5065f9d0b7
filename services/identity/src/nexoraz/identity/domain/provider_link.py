"""Who else may say that somebody is the owner of an account: OpenID providers, each linked by the owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event


class ProviderLinked(Event, frozen=True):
    """subject_hash: keyed hash of the provider's name and of what it calls the person."""

    account_id: Id
    provider: Fact[str]
    subject_hash: Id
    at: Fact[datetime]


class ProviderUnlinked(Event, frozen=True):
    account_id: Id
    provider: Fact[str]
    subject_hash: Id
    at: Fact[datetime]


ProviderLinkEvent = ProviderLinked | ProviderUnlinked


@dataclass(frozen=True, slots=True)
class LinkProvider:
    """The caller has checked the provider's answer."""

    account_id: str
    provider: str
    subject_hash: str
    now: datetime


@dataclass(frozen=True, slots=True)
class UnlinkProvider:
    account_id: str
    provider: str
    now: datetime


ProviderLinkCommand = LinkProvider | UnlinkProvider


@dataclass
class ProviderAlreadyLinked(Refused):
    """The account is linked to somebody at this provider: unlink that first."""


@dataclass
class ProviderNotLinked(Refused):
    """The account is linked to nobody at this provider."""


@dataclass
class SubjectTaken(Refused):
    """Another account is linked to this person at the provider."""


Links = dict[str, str]
"""Provider → hash of the subject."""


def decide(command: ProviderLinkCommand, state: Links) -> Sequence[ProviderLinkEvent]:
    match command:
        case LinkProvider(account_id, provider, subject_hash, now):
            if state.get(provider) == subject_hash:
                return []
            if provider in state:
                raise ProviderAlreadyLinked
            return [ProviderLinked(account_id, provider, subject_hash, now)]
        case UnlinkProvider(account_id, provider, now):
            if provider not in state:
                raise ProviderNotLinked
            return [ProviderUnlinked(account_id, provider, state[provider], now)]
        case _:
            assert_never(command)


def evolve(state: Links, event: ProviderLinkEvent) -> Links:
    others = {name: subject for name, subject in state.items() if name != event.provider}
    return {**others, event.provider: event.subject_hash} if isinstance(event, ProviderLinked) else others


PROVIDER_LINKS: Decider[ProviderLinkCommand, Links, ProviderLinkEvent] = Decider({}, decide, evolve)
PROVIDER_LINK_EVENTS: list[type[Event]] = [ProviderLinked, ProviderUnlinked]
