"""The ledger of erasures in privacy's own bucket: two small objects per request, which no erasure and no restore of a
database touches. An entry is signed, so that nobody who can write to the bucket can have an account erased."""

import io
from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from nexoraz.events.bucket_port import Bucket, ObjectMissing
from nexoraz.events.tasks import Postpone
from nexoraz.privacy.adapters.signatures import NotGenuine, key_id, verified
from nexoraz.privacy.application.ports import Signer
from nexoraz.privacy.application.recollection import Certified, Remembered
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.certificate import KIND, stamp
from nexoraz.privacy.domain.vocabulary import State

PREFIX, ASKED, CERTIFICATE = "ledger", "asked.json", "certificate.json"
ENTRY = "nexoraz-erasure"
NO_SALT = b""
AWAY_S = 15.0


class BucketLedger:
    """The port Ledger. `keys`: the public keys that ever signed."""

    def __init__(self, bucket: Bucket, keys: Callable[[], list[Json]]) -> None:
        self._bucket = bucket
        self._keys = keys

    def keep(self, entry: Remembered, signer: Signer) -> None:
        document: Json = {"kind": ENTRY, **msgspec.to_builtins(entry), "received_at": stamp(entry.received_at)}
        self._put_once(f"{PREFIX}/{entry.request_id}/{ASKED}", signer.sign(document))

    def keep_certificate(self, request_id: str, file: bytes) -> None:
        self._put_once(f"{PREFIX}/{request_id}/{CERTIFICATE}", file)

    def all(self) -> Iterator[tuple[Remembered, Certified | None]]:
        keys = {key["kid"]: key for key in self._keys()}
        entries = [self._entry(request_id, keys) for request_id in self._request_ids()]
        yield from sorted(entries, key=lambda pair: pair[1].number if pair[1] else _LAST)

    def _put_once(self, name: str, content: bytes) -> None:
        """Raises Postpone for whatever a store says that is away or refuses: the task waits for it."""
        try:
            if not self._is_there(name):
                self._bucket.put(name, io.BytesIO(content), NO_SALT)
        except Exception as fault:
            raise Postpone(f"ledger of erasures: {type(fault).__name__}", AWAY_S) from fault

    def _is_there(self, name: str) -> bool:
        try:
            self._bucket.size(name)
        except ObjectMissing:
            return False
        return True

    def _request_ids(self) -> list[str]:
        return sorted({found.name.split("/")[1] for found in self._bucket.found(f"{PREFIX}/")})

    def _entry(self, request_id: str, keys: dict[str, Json]) -> tuple[Remembered, Certified | None]:
        document = self._signed(request_id, ASKED, keys)
        if document is None or document.get("kind") != ENTRY or document["request_id"] != request_id:
            raise NotGenuine(f"the ledger's entry of {request_id} is not one")
        del document["kind"]
        return msgspec.convert(document, Remembered), self._certified(request_id, keys)

    def _certified(self, request_id: str, keys: dict[str, Json]) -> Certified | None:
        document = self._signed(request_id, CERTIFICATE, keys)
        if document is None:
            return None
        if document.get("kind") != KIND or document["request"]["id"] != request_id:
            raise NotGenuine(f"the ledger's certificate of {request_id} is not one")
        issued_at = datetime.fromisoformat(document["issued_at"])
        file = self._read(f"{PREFIX}/{request_id}/{CERTIFICATE}")
        epochs = {each["participant"]: each["key_epoch"] for each in document["participants"]}
        return Certified(document["number"], State(document["request"]["outcome"]), issued_at, file, epochs)

    def _signed(self, request_id: str, name: str, keys: dict[str, Json]) -> Json | None:
        """Raises NotGenuine."""
        try:
            raw = self._read(f"{PREFIX}/{request_id}/{name}")
        except ObjectMissing:
            return None
        key = keys.get(key_id(raw))
        if key is None:
            raise NotGenuine(f"{name} of {request_id} was signed with a key that the database does not know")
        return verified(raw, key)

    def _read(self, name: str) -> bytes:
        return b"".join(self._bucket.get(name).chunks)


_LAST = 2**62
