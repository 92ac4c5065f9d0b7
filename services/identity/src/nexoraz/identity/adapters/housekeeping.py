"""What a worker removes now and then: everything here has expired and is already without effect."""

from dataclasses import dataclass

from nexoraz.events.sql_store import SqlEventStore, connection_of
from nexoraz.identity.adapters.throttles import SqlThrottle
from nexoraz.identity.application.ports import Clock
from nexoraz.identity.projections.sessions import SqlSessions
from nexoraz.service.auth import purge_revocations
from nexoraz.service.idempotency import purge_expired


@dataclass(frozen=True, slots=True)
class Housekeeping:
    store: SqlEventStore
    sessions: SqlSessions
    throttle: SqlThrottle
    now: Clock

    def run(self) -> None:
        now = self.now()
        with self.store.transaction() as tx:
            self.sessions.purge(tx, now)
            purge_revocations(connection_of(tx))
            purge_expired(connection_of(tx))
        self.throttle.purge(now)
