"""What assets tells the other services. At most one published fact per event; no title leaves here."""

from datetime import datetime

from nexoraz.assets.domain import events
from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_contracts import contracts_of


class Published(Contract, frozen=True):
    """A contract of assets."""

    service = "assets"


class PhotoUploaded(Published, frozen=True):
    """A photo is stored. width, height: in pixels, upright. size: in bytes."""

    account_id: Id
    photo_id: Id
    media_type: Fact[str]
    width: Fact[int]
    height: Fact[int]
    size: Fact[int]
    uploaded_at: Fact[datetime]


class PhotoDeleted(Published, frozen=True):
    """The person deleted the photo. It may come back out of the bin, which photo-restored tells."""

    account_id: Id
    photo_id: Id


class PhotoRestored(Published, frozen=True):
    """The person took a deleted photo back."""

    account_id: Id
    photo_id: Id


CONTRACTS: list[type[Contract]] = [PhotoUploaded, PhotoDeleted, PhotoRestored, *contracts_of("assets")]


def translate(event: Event, _: Recorded) -> Contract | None:
    match event:
        case events.PhotoUploaded() as e:
            facts = e.media_type, e.width, e.height, e.size, e.uploaded_at
            return PhotoUploaded(e.account_id, e.photo_id, *facts)
        case events.PhotoDiscarded() | events.PhotoDeleted() as e:
            return PhotoDeleted(e.account_id, e.photo_id)
        case events.PhotoRestored() as e:
            return PhotoRestored(e.account_id, e.photo_id)
        case _:
            return None
