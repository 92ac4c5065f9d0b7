"""Parts of an export on their way out: each sealed while the one before it is uploaded, and insisted on for a while."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from nexoraz.events.export_parts import binding, new_attempt, part_name, pieces, seal_part
from nexoraz.events.participation_ports import UploadGrants, UploadRefused
from nexoraz.events.protocol_events import PartWritten
from nexoraz.events.tasks import GiveUp, Postpone

Upload = Callable[[str, bytes], None]
PAUSES_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Between attempts at one part: a coordinator or store that starts anew costs no part that is written already."""
AWAY_S = 30.0
"""When all attempts failed, the whole task waits for so long, which does not count as a failure of its own."""


@dataclass(frozen=True, slots=True)
class PartUploads:
    """Writes the parts of one participant. Memory: two sealed parts, whatever there is to write."""

    request_id: str
    participant: str
    public_key: str
    grants: UploadGrants
    upload: Upload
    pauses_s: tuple[float, ...] = PAUSES_S

    def written(self, stream: Iterable[bytes]) -> Iterator[PartWritten]:
        """Each part once it is stored, in order, under names that no other writing has. Raises what reading the stream
        raises; GiveUp when the coordinator refuses or its key is unusable; Postpone when it or its store stays away."""
        attempt = new_attempt()
        with ThreadPoolExecutor(1, thread_name_prefix="part-upload") as pool:
            behind: Future[PartWritten] | None = None
            for number, piece in enumerate(pieces(stream), start=1):
                name = part_name(number, attempt)
                sealed = self._sealed(name, piece)
                if behind is not None:
                    yield behind.result()
                behind = pool.submit(self._stored, name, sealed)
            if behind is not None:
                yield behind.result()

    def _sealed(self, name: str, piece: Iterator[bytes]) -> bytes:
        try:
            return b"".join(seal_part(self.public_key, piece, binding(self.request_id, self.participant, name)))
        except ValueError as error:
            raise GiveUp("the request's public key is not an X25519 key") from error

    def _stored(self, name: str, sealed: bytes) -> PartWritten:
        for pause_s in (*self.pauses_s, None):
            try:
                self.upload(self.grants.grant(self.request_id, self.participant, name), sealed)
                return PartWritten(name, hashlib.sha256(sealed).hexdigest(), len(sealed))
            except UploadRefused as refused:
                raise GiveUp(f"the coordinator refused a part: {refused.reason}") from refused
            except Exception as fault:  # by the port's contract: to be asked again later
                if pause_s is None:
                    raise Postpone(f"a part could not be stored: {type(fault).__name__}", AWAY_S) from fault
                time.sleep(pause_s)
        raise AssertionError("the last pause is none")
