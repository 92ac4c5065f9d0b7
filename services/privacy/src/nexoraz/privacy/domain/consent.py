"""What a person allows, purpose by purpose (clauses C4, RT3; GDPR Art. 7).

The person is an account, or a visitor without one who has made a choice. To say yes, no, and no longer is the same
command; nothing is allowed before somebody said yes. A browser's Global Privacy Control is a no that counts against an
older yes, and while it is sent nothing is allowed (decision 0049).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from nexoraz.events.classification import Fact, Id
from nexoraz.events.decider import Decider, Refused
from nexoraz.events.event import Event


class ConsentPurpose(StrEnum):
    """What is done only with a yes. Training has its own opt-in, per photo, at assets."""

    ANALYTICS = "analytics"
    MARKETING = "marketing"


class Decision(StrEnum):
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class IndicatedBy(StrEnum):
    """How we know: the person chose, or their browser sent `Sec-GPC: 1`."""

    CHOICE = "choice"
    GLOBAL_PRIVACY_CONTROL = "global-privacy-control"


SIGNALLED = frozenset({ConsentPurpose.ANALYTICS, ConsentPurpose.MARKETING})
"""What Global Privacy Control says no to: all that could be, or be read as, selling or sharing."""


class ConsentDecided(Event, frozen=True):
    """A person said yes or no to a purpose, under that version of the policy. receipt_id names the proof of it."""

    account_id: Id
    purpose: Fact[ConsentPurpose]
    decision: Fact[Decision]
    policy_version: Fact[str]
    indicated_by: Fact[IndicatedBy]
    receipt_id: Id
    at: Fact[datetime]


@dataclass
class PrivacyControlSent(Refused):
    """The browser says no in the same request in which a yes was sent; the no holds."""

    purpose: str


@dataclass(frozen=True, slots=True)
class DecideConsent:
    """The person chooses. signalled: the request carried `Sec-GPC: 1`."""

    account_id: str
    purpose: ConsentPurpose
    given: bool
    signalled: bool
    policy_version: str
    receipt_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeedSignal:
    """A request carried `Sec-GPC: 1`. receipt_ids: one for each purpose that may be ended by it."""

    account_id: str
    policy_version: str
    receipt_ids: Mapping[ConsentPurpose, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Consents:
    """The last decision about each purpose."""

    decided: Mapping[ConsentPurpose, ConsentDecided] = field(default_factory=dict)

    def allows(self, purpose: ConsentPurpose) -> bool:
        """Whether the person said yes, and nothing since."""
        last = self.decided.get(purpose)
        return last is not None and last.decision is Decision.GIVEN


def decide(command: DecideConsent | HeedSignal, state: Consents) -> Sequence[ConsentDecided]:
    """None when nothing would change. Raises PrivacyControlSent."""
    match command:
        case DecideConsent():
            return _choose(command, state)
        case HeedSignal():
            return [
                ConsentDecided(
                    command.account_id,
                    purpose,
                    Decision.WITHDRAWN,
                    command.policy_version,
                    IndicatedBy.GLOBAL_PRIVACY_CONTROL,
                    command.receipt_ids[purpose],
                    command.at,
                )
                for purpose in sorted(SIGNALLED)
                if state.allows(purpose)
            ]
        case _:
            assert_never(command)


def _choose(command: DecideConsent, state: Consents) -> Sequence[ConsentDecided]:
    if command.given and command.signalled and command.purpose in SIGNALLED:
        raise PrivacyControlSent(command.purpose)
    last = state.decided.get(command.purpose)
    decision = _decision(command.given, last)
    if last and (last.decision, last.policy_version) == (decision, command.policy_version):
        return []
    by = IndicatedBy.CHOICE
    return [
        ConsentDecided(
            command.account_id, command.purpose, decision, command.policy_version, by, command.receipt_id, command.at
        )
    ]


def _decision(given: bool, last: ConsentDecided | None) -> Decision:
    """A no after a yes takes it back; a no after a withdrawal is that withdrawal still."""
    if given:
        return Decision.GIVEN
    return Decision.REFUSED if last is None or last.decision is Decision.REFUSED else Decision.WITHDRAWN


def evolve(state: Consents, event: ConsentDecided) -> Consents:
    return replace(state, decided={**state.decided, event.purpose: event})


consents: Decider[DecideConsent | HeedSignal, Consents, ConsentDecided] = Decider(Consents(), decide, evolve)
