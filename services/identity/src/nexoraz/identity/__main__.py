"""`python -m nexoraz.identity web | worker | migrate | rebuild | generate`."""

import os
import sys
from pathlib import Path

from nexoraz.events.kek import LocalKek
from nexoraz.events.projector import rebuild
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.events.worker import run_worker
from nexoraz.identity.bootstrap import SERVICE, VERSION, build
from nexoraz.identity.config import Settings
from nexoraz.identity.documents import documents
from nexoraz.service import logging as logs
from nexoraz.service import telemetry
from nexoraz.service.committed import write
from nexoraz.service.database import make_engine
from nexoraz.service.migrate import migrate
from nexoraz.service.server import run_web
from nexoraz.service.settings import SettingsInvalid, load
from flask import Flask

ROOT = Path(__file__).resolve().parents[3]


def web(settings: Settings) -> None:
    def make_app() -> Flask:
        telemetry.configure(f"nexoraz-{SERVICE}-web", os.environ)
        return build(settings).web()

    run_web(make_app, settings.bind, settings.web_workers, settings.web_threads)


def worker(settings: Settings) -> None:
    telemetry.configure(f"nexoraz-{SERVICE}-worker", os.environ)
    app = build(settings)
    app.participation.announce()
    run_worker(app.worker())


def migrate_all(settings: Settings) -> None:
    """Both databases to the newest shape, and a signing key in place. May run in several processes at once."""
    migrate(settings.database_url, ROOT / "migrations")
    vault_engine = make_engine(settings.vault_database_url, pool_size=1)
    migrate_vault(vault_engine, LocalKek(settings.vault_kek_dir))
    vault_engine.dispose()
    build(settings).use_cases.signing.ensure_key()


def rebuild_all(settings: Settings) -> None:
    """Replay all events into every read model that can be rebuilt, beside the live ones."""
    app, log = build(settings), logs.get_logger()
    for name, projection in app.rebuildable.items():
        log.info("read model rebuilt", key=name, count=rebuild(app.runtime.store, projection))


COMMANDS = {"web": web, "worker": worker, "migrate": migrate_all, "rebuild": rebuild_all}


def main(arguments: list[str]) -> int:
    """The exit status: 2 for a command that does not exist or settings that are not complete."""
    if arguments == ["generate"]:
        write(ROOT, documents())
        return 0
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m nexoraz.{SERVICE} {' | '.join([*COMMANDS, 'generate'])}\n")
        return 2
    try:
        settings = load(Settings, os.environ)
    except SettingsInvalid as invalid:
        sys.stderr.write(f"{SERVICE}: {invalid}\n")
        return 2
    logs.configure(SERVICE, VERSION, settings.log_level)
    COMMANDS[arguments[0]](settings)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
