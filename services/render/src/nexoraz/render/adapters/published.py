"""What render tells the other services. At most one published fact per event."""

from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_contracts import contracts_of
from nexoraz.render.domain import events


class Published(Contract, frozen=True):
    """A contract of render."""

    service = "render"


class RenderRequested(Published, frozen=True):
    """A person asked for a picture; it waits for its credits."""

    account_id: Id
    job_id: Id
    photo_id: Id
    preset: Fact[str]
    credits: Fact[int]


class RenderCompleted(Published, frozen=True):
    """The picture is stored. size: in bytes."""

    account_id: Id
    job_id: Id
    output_id: Id
    engine: Fact[str]
    width: Fact[int]
    height: Fact[int]
    size: Fact[int]


class RenderFailed(Published, frozen=True):
    """There will be no picture. reason: a broken rule in kebab case."""

    account_id: Id
    job_id: Id
    reason: Fact[str]


class RenderCancelled(Published, frozen=True):
    """The person does not want the picture any more."""

    account_id: Id
    job_id: Id


CONTRACTS: list[type[Contract]] = [
    RenderRequested,
    RenderCompleted,
    RenderFailed,
    RenderCancelled,
    *contracts_of("render"),
]


def translate(event: Event, _: Recorded) -> Contract | None:
    match event:
        case events.RenderRequested() as e:
            return RenderRequested(e.account_id, e.job_id, e.photo_id, e.preset, e.credits)
        case events.RenderCompleted() as e:
            return RenderCompleted(e.account_id, e.job_id, e.output_id, e.engine, e.width, e.height, e.size)
        case events.RenderFailed() as e:
            return RenderFailed(e.account_id, e.job_id, e.reason)
        case events.RenderCancelled() as e:
            return RenderCancelled(e.account_id, e.job_id)
        case _:
            return None
