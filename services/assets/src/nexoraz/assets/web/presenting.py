"""A photo as its owner sees it."""

from dataclasses import asdict
from typing import Any

from nexoraz.assets.domain.history import Change
from nexoraz.assets.domain.photo import IN_THE_BIN
from nexoraz.assets.projections.photos import PhotoRecord
from nexoraz.assets.web.schemas import PhotoView

_PHOTO_VIEW = PhotoView()


def facts(photo: PhotoRecord) -> dict[str, Any]:
    """What PhotoView dumps."""
    path = f"/v1/assets/photos/{photo.id}"
    small = None if photo.thumbnail is None else asdict(photo.thumbnail) | {"href": f"{path}/thumbnail"}
    return asdict(photo) | {"href": f"{path}/content", "thumbnail": small}


def discarded_facts(photo: PhotoRecord) -> dict[str, Any]:
    """What DiscardedView dumps."""
    assert photo.discarded_at is not None, "it lies in no bin"
    return asdict(photo) | {"deleted_at": photo.discarded_at, "erased_at": photo.discarded_at + IN_THE_BIN}


def change_facts(change: Change) -> dict[str, Any]:
    """What ChangeView dumps."""
    return {"version": change.version, "at": change.at, "what": change.what, **change.details}


def presented(photo: PhotoRecord) -> dict[str, Any]:
    """The photo's JSON."""
    view: dict[str, Any] = _PHOTO_VIEW.dump(facts(photo))
    return view
