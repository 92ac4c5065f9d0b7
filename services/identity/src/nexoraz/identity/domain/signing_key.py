"""The keys that sign access tokens. They rotate: a new one is published well before the old one ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event

KEY_LIFE = timedelta(days=90)
OVERLAP = timedelta(days=7)
"""The next key is published this long before the current one ends."""
SPREAD = timedelta(minutes=10)
"""A further key signs only after this long, so that every service has received it by then."""


class SigningKeyPublished(Event, frozen=True):
    """`public_jwk`: RFC 8037, as JSON text. After `not_after` nobody accepts a token of this key."""

    kid: Id
    public_jwk: Fact[str]
    signs_from: Fact[datetime]
    not_after: Fact[datetime]


@dataclass(frozen=True, slots=True)
class EnsureSigningKey:
    """Publish the candidate when no key is good for another OVERLAP."""

    kid: str
    public_jwk: str
    now: datetime


@dataclass
class NoSigningKey(Refused):
    """No key may sign at this moment: the worker, which makes them, has not run."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Oldest first."""

    keys: tuple[SigningKeyPublished, ...] = ()

    def signer(self, now: datetime) -> SigningKeyPublished:
        """The newest key that signs at `now`; raises NoSigningKey."""
        ready = [k for k in self.keys if k.signs_from <= now < k.not_after]
        if not ready:
            raise NoSigningKey
        return ready[-1]

    def verifiers(self, now: datetime) -> list[SigningKeyPublished]:
        """Keys whose tokens may be valid at `now`, with those that will sign soon."""
        return [k for k in self.keys if now < k.not_after]


def decide(command: EnsureSigningKey, state: SigningKeys) -> Sequence[SigningKeyPublished]:
    living = state.verifiers(command.now)
    if any(k.not_after - command.now > OVERLAP for k in living):
        return []
    signs_from = command.now + SPREAD if living else command.now
    return [SigningKeyPublished(command.kid, command.public_jwk, signs_from, command.now + KEY_LIFE)]


def evolve(state: SigningKeys, event: SigningKeyPublished) -> SigningKeys:
    return replace(state, keys=(*state.keys, event))


SIGNING_KEYS: Decider[EnsureSigningKey, SigningKeys, SigningKeyPublished] = Decider(SigningKeys(), decide, evolve)
SIGNING_KEY_EVENTS: list[type[Event]] = [SigningKeyPublished]
