"""Upload grants asked from the coordinator over core NATS: nothing of them is stored."""

import json

from nexoraz.events.participation_ports import UploadRefused
from nexoraz.events.rpc import RpcClient, RpcRefused

SUBJECT = "rpc.privacy.grant-upload"


class RpcUploadGrants:
    """The port UploadGrants through `rpc.privacy.grant-upload`."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def grant(self, request_id: str, participant: str, part: str) -> str:
        """A presigned URL. Raises UploadRefused, or RpcUnavailable."""
        question = {"request_id": request_id, "participant": participant, "part": part}
        try:
            answer = json.loads(self._rpc.request(SUBJECT, json.dumps(question).encode()))
        except RpcRefused as refused:
            raise UploadRefused(refused.reason) from refused
        if "refused" in answer:
            raise UploadRefused(str(answer["refused"]))
        return str(answer["url"])
