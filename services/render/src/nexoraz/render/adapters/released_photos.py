"""Photos from assets: it releases one photo's key and a short-lived address over a request that nothing persists."""

import msgspec

from nexoraz.events.buckets import ObjectMissing, StoreRefused
from nexoraz.events.objects import OpenReleased
from nexoraz.events.rpc import RpcClient, RpcRefused, RpcUnavailable
from nexoraz.render.application.ports import PhotoGone, PhotosUnavailable, RenderRefused

SUBJECT = "rpc.assets.release-photo"


class ReleasedPhoto(msgspec.Struct, frozen=True):
    """What assets answers. key: base64; size: in bytes."""

    url: str
    key: str
    size: int


class ReleasedPhotos:
    """The Photos port. The photo is held in memory only, at most `max_bytes`."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def fetch(self, account_id: str, photo_id: str, max_bytes: int) -> bytes:
        released = self._ask(account_id, photo_id)
        if released.size > max_bytes:
            raise RenderRefused("photo-too-heavy", {"size": released.size, "limit": max_bytes})
        try:
            return b"".join(OpenReleased(released.url, released.key).chunks())
        except ObjectMissing as error:
            raise PhotoGone(photo_id) from error
        except (OSError, StoreRefused) as error:
            raise PhotosUnavailable(type(error).__name__) from error

    def _ask(self, account_id: str, photo_id: str) -> ReleasedPhoto:
        question = {"account_id": account_id, "photo_id": photo_id, "purpose": "render"}
        try:
            answer = self._rpc.request(SUBJECT, msgspec.json.encode(question))
        except RpcRefused as refused:
            raise PhotoGone(photo_id) from refused
        except RpcUnavailable as error:
            raise PhotosUnavailable(str(error)) from error
        return msgspec.json.decode(answer, type=ReleasedPhoto)
