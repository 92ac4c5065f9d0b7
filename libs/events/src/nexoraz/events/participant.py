"""A service that takes part in erasure and export, as its bootstrap puts it together: what all of them have."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexoraz.events.bus import NatsSettings
from nexoraz.events.contracts import Contract
from nexoraz.events.documents import dump, event_documents
from nexoraz.events.holdings import Holdings
from nexoraz.events.kek import LocalKek
from nexoraz.events.participation import Participation
from nexoraz.events.projector import RebuildableProjection, rebuild
from nexoraz.events.runtime import Chassis, Runtime, RuntimeSettings, WorkerPlan, worker_parts
from nexoraz.events.upkeep import Upkeep
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import WorkerParts, run_worker


@dataclass(frozen=True, kw_only=True, slots=True)
class Participant(ABC):
    """One service, wired. A service's `App` adds what is its own.

    read_models: what `rebuild` can make anew, by the names on the command line.
    """

    settings: RuntimeSettings
    runtime: Runtime
    holdings: Holdings
    participation: Participation
    read_models: Mapping[str, RebuildableProjection]

    @abstractmethod
    def plan(self) -> WorkerPlan:
        """What the service's worker does beside its part in erasure and export."""

    def worker(self) -> WorkerParts:
        """The relay, the consumers, the tasks, and what is due now and then."""
        return worker_parts(
            self.runtime, self.participation, self.plan(), NatsSettings.of(self.settings), self.settings.bind
        )

    def start(self) -> None:
        """Once per worker, before it works: tell the coordinator what the service holds."""
        self.participation.announce()

    def run_worker(self) -> None:
        """Work until SIGTERM."""
        self.start()
        run_worker(self.worker())

    def rebuild(self, names: Sequence[str]) -> list[str]:
        """Make the named read models (all without a name) anew from the events; a line for each."""
        chosen = names or list(self.read_models)
        return [f"{name}: {rebuild(self.runtime.store, self.read_models[name])} events replayed" for name in chosen]

    def upkeep(self) -> Upkeep:
        """What is done from time to time: `rotate`, `sweep`."""
        return Upkeep(self.runtime.service, self.runtime.store, self.runtime.vault, self.participation)

    def documents(self, contracts: Sequence[type[Contract]], openapi: dict[str, Any]) -> dict[str, str]:
        """Path below the service's folder → text of each document that is generated from the code."""
        events = event_documents(self.runtime.registry, self.holdings, contracts)
        return {**events, "openapi.json": dump(openapi)}


def migrate_databases(chassis: Chassis, settings: RuntimeSettings, migrations: Path) -> None:
    """Bring a service's database and its vault to the newest version. Harmless in several processes."""
    chassis.migrate(settings.database_url.reveal(), migrations)
    engine = chassis.make_engine(settings.vault_database_url.reveal(), pool_size=1)
    migrate_vault(engine, LocalKek(settings.vault_kek_dir))
    engine.dispose()
