"""A participant in one file: who reads the newsletter, and with which greeting. README.md goes through it.

python newsletter.py migrate
python newsletter.py subscribe <account id> <greeting>
python newsletter.py worker
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Annotated, Any

from sqlalchemy import MetaData, Table, Text, insert

from nexoraz.events import participant
from nexoraz.events.access import access_holdings
from nexoraz.events.classification import Id, Personal
from nexoraz.events.columns import personal, pseudonym
from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded, Stream
from nexoraz.events.holdings import Holdings, TableHolding
from nexoraz.events.participation import PROTOCOL_EVENTS
from nexoraz.events.registry import Registry
from nexoraz.events.runtime import Runtime, WorkerPlan
from nexoraz.events.schema import KernelTables
from nexoraz.events.sealed_columns import seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.service import chassis
from nexoraz.service.auth import auth_tables
from nexoraz.service.idempotency import idempotency_table
from nexoraz.service.settings import Secret, ServiceSettings, load
from nexoraz.service.tables import allowances_table

SERVICE, ROOT = "newsletter", Path(__file__).resolve().parent


# 1. What the service holds, said where it is defined.
class Subscribed(Event, frozen=True):
    """A person wants the newsletter."""

    account_id: Id
    greeting: Annotated[str, Personal("user.name", purpose="account")]


METADATA = MetaData()
KERNEL = KernelTables(METADATA)
AUTH = auth_tables(METADATA)
IDEMPOTENCY = idempotency_table(METADATA)
ALLOWANCES = allowances_table(METADATA)
READERS = Table(
    "readers",
    METADATA,
    pseudonym("account_id", Text, primary_key=True),
    personal("greeting", Personal("user.name", purpose="account")),
)
HELD = [
    TableHolding(READERS, "user.name"),
    *access_holdings(IDEMPOTENCY, AUTH.revocations, ALLOWANCES, AUTH.verification_keys),
]
REGISTRY = Registry.of([Subscribed, *PROTOCOL_EVENTS])


# 2. What it does.
def subscribe(app: "App", account_id: str, greeting: str) -> None:
    """The fact and the row, in one transaction, both sealed under the account's key."""
    with app.runtime.store.transaction() as tx:
        tx.append(Stream.of("reader", account_id, account_id), 0, [Subscribed(account_id, greeting)])
        sealed = seal_column(app.runtime.vault, READERS.c.greeting, account_id, account_id, greeting)
        connection_of(tx).execute(insert(READERS), [{"account_id": account_id, "greeting": sealed}])


# 3. How it is put together. The three handlers (erase, scan, export) come with `runtime.participation`.
@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    vault_database_url: Secret
    vault_kek_dir: Path
    nats_url: str
    nats_user: str = SERVICE
    nats_password: Secret
    nats_replicas: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class App(participant.Participant):
    def plan(self) -> WorkerPlan:
        """It publishes nothing of its own and listens to nothing but the protocol."""
        return WorkerPlan(translate=_nothing, handlers={})


def _nothing(_: Event, __: Recorded) -> Contract | None:
    return None


def build(settings: Settings) -> App:
    runtime = Runtime.wire(SERVICE, chassis, settings, KERNEL, REGISTRY, lambda _: [])
    holdings = Holdings(SERVICE, runtime.store, METADATA, runtime.vault, HELD)
    part = runtime.participation(holdings)
    return App(settings=settings, runtime=runtime, holdings=holdings, participation=part, read_models={})


def main(words: Sequence[str]) -> None:
    settings: Settings = load(Settings, environ)
    given: dict[str, Any] = {
        "migrate": lambda: participant.migrate_databases(chassis, settings, ROOT / "migrations"),
        "worker": lambda: build(settings).run_worker(),
        "subscribe": lambda: subscribe(build(settings), *words[1:]),
    }
    given[words[0]]()


if __name__ == "__main__":
    main(sys.argv[1:])
