"""The five services as the contract tests read them: their folders, and their parts wired without any connection."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask

from nexoraz.events.contracts import Contract, Foreign
from nexoraz.events.holdings import Holdings
from nexoraz.events.registry import Registry
from nexoraz.events.worker import WorkerParts

ROOT = Path(__file__).parents[2]
SERVICES = ("identity", "assets", "render", "billing", "privacy")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """One service, wired by its own bootstrap with the settings that describe it."""

    name: str
    root: Path
    bootstrap: ModuleType
    app: Any

    @property
    def contracts(self) -> list[type[Contract]]:
        published = importlib.import_module(f"nexoraz.{self.name}.adapters.published")
        found: list[type[Contract]] = published.CONTRACTS
        return found

    @property
    def worker(self) -> WorkerParts:
        parts: WorkerParts = self.app.worker()
        return parts

    @property
    def views(self) -> list[type[Foreign]]:
        return list(self.worker.handlers)

    @property
    def holdings(self) -> Holdings:
        found: Holdings = self.app.holdings
        return found

    @property
    def registry(self) -> Registry:
        found: Registry = self.bootstrap.REGISTRY
        return found

    @property
    def web(self) -> Flask:
        """The HTTP side without the vault: it can be described, not served."""
        flask: Flask = self.app.flask(None)
        return flask

    @property
    def openapi(self) -> Json:
        return read(self.root / "openapi.json")

    @property
    def asyncapi(self) -> Json:
        return read(self.root / "asyncapi.json")

    @property
    def documents(self) -> Mapping[str, str]:
        texts: Mapping[str, str] = self.bootstrap.documents()
        return texts


@cache
def service(name: str) -> Service:
    bootstrap = importlib.import_module(f"nexoraz.{name}.bootstrap")
    return Service(name, ROOT / "services" / name, bootstrap, bootstrap.build(bootstrap.EXAMPLE))


def services() -> list[Service]:
    return [service(name) for name in SERVICES]


def read(path: Path) -> Json:
    found: Json = json.loads(path.read_text(encoding="utf-8"))
    return found


def committed_schemas() -> dict[str, Json]:
    """Type → committed schema, of every service."""
    files = [file for name in SERVICES for file in sorted((ROOT / "services" / name / "schemas").glob("*.json"))]
    return {f"nexoraz.{file.parts[-3]}.{file.stem}": read(file) for file in files}


def producer_of(type_name: str) -> str:
    """`nexoraz.assets.photo-uploaded.v1` → `assets`."""
    return type_name.split(".")[1]
