"""A photo as its owner sees it."""

from dataclasses import asdict
from typing import Any

from nexoraz.assets.projections.photos import PhotoRecord
from nexoraz.assets.web.schemas import PhotoView

_PHOTO_VIEW = PhotoView()


def facts(photo: PhotoRecord) -> dict[str, Any]:
    """What PhotoView dumps."""
    return asdict(photo) | {"href": f"/v1/assets/photos/{photo.id}/content"}


def presented(photo: PhotoRecord) -> dict[str, Any]:
    """The photo's JSON."""
    view: dict[str, Any] = _PHOTO_VIEW.dump(facts(photo))
    return view
