"""After a restore: erase again what the backup brought back, before anything is served, and say so (decision 0029).

The worker of a service that finds itself closed (incarnation.py) asks the coordinator which accounts had been erased
since the moment that the data shows, closes what its own vault or tables know beside, and opens when all is done.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import select

from nexoraz.events.holdings import stamp
from nexoraz.events.incarnation import RestoreGuard
from nexoraz.events.participation import Participation
from nexoraz.events.protocol_events import RestoreNoticed, RestoreSettled, restore_stream
from nexoraz.events.restored_vault import destroy_again
from nexoraz.events.rpc import RpcClient
from nexoraz.events.sql_store import SqlEventStore
from nexoraz.events.vault import Vault

SUBJECT = "rpc.privacy.erasures"
CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clocks of two services may be apart."""
FROM_VAULT = "vault-"
"""Begins the id of an erasure that only the service's own vault remembers."""
log = structlog.get_logger()


class Asked(msgspec.Struct, frozen=True):
    """An erasure that a participant was asked for."""

    request_id: str
    account_id: str


class Question(msgspec.Struct, frozen=True):
    """Which erasures that ended after `since`, or did not end, was the asker asked for? after: the last id known."""

    since: datetime
    after: str = ""


class Answer(msgspec.Struct, frozen=True):
    """In the order of their ids; an empty page is the end."""

    erasures: list[Asked]


class ErasureRegister(Protocol):
    def asked(self, since: datetime) -> Iterator[Asked]:
        """What this service was asked for and ended since, or did not end. Raises while it cannot be known."""
        ...


class RpcErasureRegister:
    """Asks the coordinator, which knows by the bus who asks. Raises RpcRefused and RpcUnavailable."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def asked(self, since: datetime) -> Iterator[Asked]:
        after = ""
        while True:
            question = msgspec.json.encode(Question(since, after))
            page = msgspec.json.decode(self._rpc.request(SUBJECT, question), type=Answer).erasures
            if not page:
                return
            yield from page
            after = page[-1].request_id


@dataclass(frozen=True, slots=True)
class Restoration:
    """One service's way back after a restore.

    recall: what has to be remembered first; for the coordinator, whose own requests may be gone.
    """

    service: str
    store: SqlEventStore
    vault: Vault
    guard: RestoreGuard
    participation: Participation
    register: ErasureRegister
    recall: Callable[[], None] = lambda: None

    def notice(self) -> bool:
        """Whether a backup came back; from then on the service is closed, whoever looks."""
        why = self.guard.reason()
        if not why:
            self.guard.remember()
            return False
        closed = self.guard.close(why)
        log.error("restored from a backup", service=self.service, reason=f"{why}; the data is of {stamp(closed.as_of)}")
        return True

    def attempt(self) -> bool:
        """Whether everything that was missed is erased again; then the service is open. To be repeated until it is."""
        known = self.guard.remembered()
        if known is None or not known.closed:
            return True  # another replica was faster
        as_of = known.as_of or datetime.fromtimestamp(0, UTC)
        self._record_once(known.restore_id, RestoreNoticed(known.restore_id, known.closed, stamp(as_of)))
        self.recall()
        destroy_again(self.store, self.vault)
        since = max(as_of - CLOCKS_DIFFER, datetime.fromtimestamp(0, UTC))
        missed = list(self.register.asked(since))
        missed += self._known_to_the_vault_alone(since, {asked.account_id for asked in missed})
        ended = [self.participation.erase_again(asked.request_id, asked.account_id) for asked in missed]
        if not all(ended):
            return False
        self._settle(known.restore_id, missed)
        return True

    def _settle(self, restore_id: str, missed: Sequence[Asked]) -> None:
        noticed = self._noticed_at(restore_id)
        again = [a.request_id for a in missed if self.participation.began_since(a.request_id, noticed)]
        residue = sum(self.participation.swept(asked.account_id) for asked in missed)
        self._record_once(restore_id, RestoreSettled(restore_id, again, residue))
        self.guard.reopen()
        log.warning("erased again after a restore", service=self.service, count=len(again), pending=residue)

    def _noticed_at(self, restore_id: str) -> datetime:
        with self.store.transaction() as tx:
            return tx.read(restore_stream(restore_id))[0].occurred_at

    def _record_once(self, restore_id: str, event: RestoreNoticed | RestoreSettled) -> None:
        with self.store.transaction() as tx:
            history = tx.read(restore_stream(restore_id))
            if type(event) not in [type(recorded.event) for recorded in history]:
                tx.append(restore_stream(restore_id), len(history), [event])

    def _known_to_the_vault_alone(self, since: datetime, known: set[str]) -> list[Asked]:
        """Accounts whose keys are destroyed and whose rows are there: nobody else remembers their request."""
        closed = [a for a in self.vault.destroyed_since(since) if a not in known]
        erased = self.store.tables.erased_accounts
        with self.store.engine.connect() as connection:
            here = set(connection.scalars(select(erased.c.account_id).where(erased.c.account_id.in_(closed))))
        mine = [a for a in closed if a not in here or self.participation.began_since(FROM_VAULT + a, since)]
        return [Asked(FROM_VAULT + account_id, account_id) for account_id in mine]
