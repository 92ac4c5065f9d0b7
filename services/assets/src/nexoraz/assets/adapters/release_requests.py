"""The request `rpc.assets.release-photo`: what other services ask assets for, and what must never be persisted."""

from collections.abc import Mapping

import msgspec
import structlog

from nexoraz.assets.application.release_photo import NotReleased, PhotoRelease
from nexoraz.events.rpc import RpcHandler, RpcRefused

SUBJECT = "rpc.assets.release-photo"
ASKERS = frozenset({"render"})
"""Who may get a photo's key: the one service whose work needs the picture."""
log = structlog.get_logger()


class ReleaseAsked(msgspec.Struct, frozen=True):
    """purpose: what the photo is for."""

    account_id: str
    photo_id: str
    purpose: str


def handlers(release: PhotoRelease) -> Mapping[str, RpcHandler]:
    def on_release_photo(asker: str, question: bytes) -> bytes:
        if asker not in ASKERS:
            log.warning("photo refused", asker=asker)
            raise RpcRefused("not-for-you")
        try:
            asked = msgspec.json.decode(question, type=ReleaseAsked)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RpcRefused("malformed") from error
        try:
            answer = release(asked.account_id, asked.photo_id, asked.purpose)
        except NotReleased as refused:
            raise RpcRefused("not-found") from refused
        log.info("photo released", photo_id=asked.photo_id, account_id=asked.account_id, purpose=asked.purpose)
        return answer

    return {SUBJECT: on_release_photo}
