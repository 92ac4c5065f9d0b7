"""Answers rpc.privacy.grant-upload: a participant asks where to put one sealed part of a running export."""

import msgspec

from nexoraz.events.objects import Objects
from nexoraz.events.rpc import RpcRefused
from nexoraz.privacy.adapters.archive_store import PARTS, part_id
from nexoraz.privacy.application.exports import Exports, GrantRefused

SUBJECT = "rpc.privacy.grant-upload"


class GrantAsked(msgspec.Struct, frozen=True):
    request_id: str
    participant: str
    part: str


class UploadGrants:
    """A handler for the subject; its answer is {"url": …}, good for one PUT within a quarter of an hour."""

    def __init__(self, exports: Exports, objects: Objects) -> None:
        self._exports = exports
        self._objects = objects

    def __call__(self, asker: str, payload: bytes) -> bytes:
        try:
            asked = msgspec.json.decode(payload, type=GrantAsked)
        except msgspec.MsgspecError:
            raise RpcRefused("malformed") from None
        if asked.participant != asker:
            raise RpcRefused("unknown-participant")
        try:
            account_id = self._exports.account_to_upload_for(asked.request_id, asked.participant, asked.part)
        except GrantRefused as refused:
            raise RpcRefused(refused.reason) from refused
        object_id = part_id(asked.request_id, asked.participant, asked.part)
        return msgspec.json.encode({"url": self._objects.grant_upload(account_id, PARTS, object_id)})
