"""May this photo train models? No, unless its owner said so for the account and for the photo (clauses U5 and RT5).

One decider for both choices, each in a stream of its own: for the account as a whole the photo id is empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from nexoraz.assets.domain.events import PhotoListed, TrainingAllowed, TrainingWithdrawn
from nexoraz.events.decider import Decider
from nexoraz.events.event import Stream

WORDING = "1"
"""Which text a person says yes to; TEXT under another number when it changes."""
TEXT = (
    "Photos that you choose one by one may be used to train the models that cut out and light products. They are "
    "listed under ids made for one training only. You can say no at any time: no later list has them."
)
WHOLE_ACCOUNT = ""


@dataclass(frozen=True, slots=True)
class AllowTraining:
    account_id: str
    photo_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawTraining:
    account_id: str
    photo_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ListPhoto:
    """In a manifest, if it still may be."""

    account_id: str
    photo_id: str
    manifest_id: str


Command = AllowTraining | WithdrawTraining | ListPhoto
TrainingEvent = TrainingAllowed | TrainingWithdrawn | PhotoListed


def decide(command: Command, allowed: bool) -> Sequence[TrainingEvent]:
    match command:
        case AllowTraining(account_id, photo_id, at):
            return [] if allowed else [TrainingAllowed(account_id, photo_id, WORDING, at)]
        case WithdrawTraining(account_id, photo_id, at):
            return [TrainingWithdrawn(account_id, photo_id, at)] if allowed else []
        case ListPhoto(account_id, photo_id, manifest_id):
            return [PhotoListed(account_id, photo_id, manifest_id)] if allowed else []
        case _:
            assert_never(command)


def evolve(allowed: bool, event: TrainingEvent) -> bool:
    match event:
        case TrainingAllowed():
            return True
        case TrainingWithdrawn():
            return False
        case PhotoListed():
            return allowed
        case _:
            assert_never(event)


TRAINING: Decider[Command, bool, TrainingEvent] = Decider(False, decide, evolve)


def training_stream(account_id: str, photo_id: str) -> Stream:
    return Stream.of("training", photo_id or account_id, account_id)
