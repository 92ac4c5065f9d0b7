"""What happened to photos. Titles and tags are personal: a person's own words."""

from datetime import datetime
from typing import Annotated

from nexoraz.events.classification import PSEUDONYM, Fact, Id, Personal
from nexoraz.events.event import Event

PRIVATE = Personal("user.content.private", purpose="content")


class PhotoUploaded(Event, frozen=True):
    """A photo is stored, whole and sealed. width, height: in pixels, upright. size: in bytes."""

    account_id: Id
    photo_id: Id
    title: Annotated[str | None, PRIVATE]
    media_type: Fact[str]
    width: Fact[int]
    height: Fact[int]
    size: Fact[int]
    uploaded_at: Fact[datetime]


class PhotoTitled(Event, frozen=True):
    """The person gave the photo another title, or none."""

    account_id: Id
    photo_id: Id
    title: Annotated[str | None, PRIVATE]


class PhotoTagged(Event, frozen=True):
    """The person gave the photo other tags; these are all that it has now."""

    account_id: Id
    photo_id: Id
    tags: Annotated[list[str] | None, PRIVATE]


class PhotoDiscarded(Event, frozen=True):
    """The person deleted the photo: it lies in the bin, from where it can come back."""

    account_id: Id
    photo_id: Id
    discarded_at: Fact[datetime]


class PhotoRestored(Event, frozen=True):
    """The person took the photo out of the bin."""

    account_id: Id
    photo_id: Id
    restored_at: Fact[datetime]


class PhotoDeleted(Event, frozen=True):
    """The photo is gone for good; its file goes with every version."""

    account_id: Id
    photo_id: Id
    deleted_at: Fact[datetime]


class PhotoFileErased(Event, frozen=True):
    """The receipt of a deletion: the bucket holds nothing of the photo any more. versions: of objects that went."""

    account_id: Id
    photo_id: Id
    versions: Fact[int]
    erased_at: Fact[datetime]


class ThumbnailMade(Event, frozen=True):
    """A small copy of the photo is stored, sealed like the photo. width, height: in pixels. size: in bytes."""

    account_id: Id
    photo_id: Id
    width: Fact[int]
    height: Fact[int]
    size: Fact[int]


class PresetUsed(Event, frozen=True):
    """A picture of the photo was asked for with this preset, for the first time."""

    account_id: Id
    photo_id: Id
    preset: Fact[str]


class AlbumCreated(Event, frozen=True):
    """The person began an album."""

    account_id: Id
    album_id: Id
    name: Annotated[str, PRIVATE]
    created_at: Fact[datetime]


class AlbumRenamed(Event, frozen=True):
    """The person gave the album another name."""

    account_id: Id
    album_id: Id
    name: Annotated[str, PRIVATE]


class AlbumArranged(Event, frozen=True):
    """The album has these photos now and no others, in this order."""

    account_id: Id
    album_id: Id
    photo_ids: Annotated[tuple[str, ...], PSEUDONYM]


class AlbumDeleted(Event, frozen=True):
    """The person deleted the album; its photos stay."""

    account_id: Id
    album_id: Id
    deleted_at: Fact[datetime]


class PlanNoted(Event, frozen=True):
    """Billing told that the account has this plan."""

    account_id: Id
    plan: Fact[str]


class TrainingAllowed(Event, frozen=True):
    """The receipt of a yes to training, for a photo, or with an empty photo id for the account as a whole. wording:
    which text the person said yes to."""

    account_id: Id
    photo_id: Id
    wording: Fact[str]
    allowed_at: Fact[datetime]


class TrainingWithdrawn(Event, frozen=True):
    """The receipt of a no to training after a yes, for a photo or the account as a whole."""

    account_id: Id
    photo_id: Id
    withdrawn_at: Fact[datetime]


class PhotoListed(Event, frozen=True):
    """A manifest for training lists the photo."""

    account_id: Id
    photo_id: Id
    manifest_id: Fact[str]


class ManifestMade(Event, frozen=True):
    """A manifest for training is signed. photos: how many it lists. sha256: of the signed document, as hex."""

    manifest_id: Fact[str]
    photos: Fact[int]
    sha256: Fact[str]
    made_at: Fact[datetime]


class ModelTrained(Event, frozen=True):
    """An operator said that a model was trained by the manifest."""

    manifest_id: Fact[str]
    model: Fact[str]
    trained_at: Fact[datetime]


EVENTS = (
    PhotoUploaded,
    PhotoTitled,
    PhotoTagged,
    PhotoDiscarded,
    PhotoRestored,
    PhotoDeleted,
    PhotoFileErased,
    ThumbnailMade,
    PresetUsed,
    AlbumCreated,
    AlbumRenamed,
    AlbumArranged,
    AlbumDeleted,
    PlanNoted,
    TrainingAllowed,
    TrainingWithdrawn,
    PhotoListed,
    ManifestMade,
    ModelTrained,
)
