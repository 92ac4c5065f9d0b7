"""The command line of every service: `python -m nexoraz.<service> web | worker | migrate | rebuild | generate`, and for
operators `letters` and `tasks` (see desks), `rotate`, `sweep` and `restored` (docs/operations/restore.md)."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

from flask import Flask

from nexoraz.service import logging as logs
from nexoraz.service import telemetry
from nexoraz.service.committed import stale, write
from nexoraz.service.desks import TITLES, Desks, add_parsers, operate
from nexoraz.service.settings import ServiceSettings, SettingsInvalid, load

JOBS: Mapping[str, str] = {
    "rotate": "begin a new epoch of the vault's keys, or finish one that was begun",
    "sweep": "look for anything that is left of any erased account; status 1 when something is",
}
S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class Command(Generic[S]):
    """One more command of a service, for people at a terminal. `act` returns the exit status."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    act: Callable[[S, argparse.Namespace], int]


@dataclass(frozen=True, kw_only=True)
class Commands(Generic[S]):
    """What the commands of one service do.

    root: the service's folder, which holds migrations/ and the generated documents.
    web: makes the Flask app in each worker process, after the fork. worker: blocks until SIGTERM.
    rebuild: rebuilds the named read models, or all, and returns a line per read model.
    desks: where an operator deals with failed work, by the names in desks.TITLES.
    upkeep: what is done from time to time, by the names in JOBS; each tells lines and returns the exit status.
    restored: a backup was brought back, of that age where it is known; closes the service, and returns lines about it.
    documents: path below root → text of every generated document; needs no settings.
    others: commands that this service has besides.
    also_logs: keys that this service's log lines may hold beside the common ones (logging.ALLOWED); ids, never values.
    """

    name: str
    version: str
    root: Path
    settings: type[S]
    web: Callable[[S], Flask]
    worker: Callable[[S], None]
    migrate: Callable[[S], None]
    rebuild: Callable[[S, Sequence[str]], Sequence[str]]
    desks: Callable[[S], Desks]
    upkeep: Callable[[S], Mapping[str, Callable[[Callable[[str], None]], int]]]
    restored: Callable[[S, datetime | None], Sequence[str]]
    documents: Callable[[], Mapping[str, str]]
    others: Sequence[Command[S]] = ()
    also_logs: frozenset[str] = frozenset()


def run(commands: Commands[S], argv: Sequence[str]) -> int:
    """Run one command; returns the exit status. Wrong settings are one message that names them all (status 2)."""
    arguments = _parser(commands).parse_args(argv)
    if arguments.command == "generate":
        return _generate(commands, check=arguments.check)
    try:
        settings = load(commands.settings, os.environ)
    except SettingsInvalid as invalid:
        sys.stderr.write(f"{commands.name}: {invalid}\n")
        return 2
    # An operator's terminal shows what was asked for; the log of it goes beside.
    at_terminal = arguments.command in {*TITLES, *JOBS, "restored", *(other.name for other in commands.others)}
    stream = sys.stderr.buffer if at_terminal else None
    logs.configure(commands.name, commands.version, settings.log_level, commands.also_logs, stream)
    try:
        return _run(commands, settings, arguments)
    finally:
        # Leaving: the system takes everything back. Collecting the garbage first took half a second of each process.
        gc.freeze()


def _run(commands: Commands[S], settings: S, arguments: argparse.Namespace) -> int:
    if arguments.command == "web":
        from nexoraz.service.server import run_web  # noqa: PLC0415 - no other command needs gunicorn

        run_web(lambda: _web(commands, settings), settings.bind, settings.web_workers, settings.web_threads)
    elif arguments.command == "worker":
        telemetry.configure(commands.name, os.environ)
        commands.worker(settings)
    elif arguments.command == "migrate":
        commands.migrate(settings)
    elif arguments.command in TITLES:
        return operate(commands.desks(settings), arguments)
    elif other := next((each for each in commands.others if each.name == arguments.command), None):
        return other.act(settings, arguments)
    elif arguments.command in JOBS:
        return commands.upkeep(settings)[arguments.command](_tell)
    elif arguments.command == "restored":
        for line in commands.restored(settings, arguments.since):
            sys.stdout.write(line + "\n")
    else:
        for line in commands.rebuild(settings, arguments.names):
            sys.stdout.write(line + "\n")
    return 0


def _parser(commands: Commands[S]) -> argparse.ArgumentParser:
    name = commands.name
    parser = argparse.ArgumentParser(prog=f"python -m nexoraz.{name}", description=f"The {name} service of Nexoraz.")
    each = parser.add_subparsers(dest="command", required=True)
    each.add_parser("web", help="serve the HTTP API")
    each.add_parser("worker", help="publish events, handle messages and tasks")
    each.add_parser("migrate", help="bring the databases to the newest version")
    rebuild = each.add_parser("rebuild", help="make read models anew from the events")
    rebuild.add_argument("names", nargs="*", help="which read models; all of them by default")
    add_parsers(name, each)
    for other in commands.others:
        other.add_arguments(each.add_parser(other.name, help=other.help, description=other.help))
    for job, help_ in JOBS.items():
        each.add_parser(job, help=help_)
    restored = each.add_parser("restored", help="say that a backup was brought back: close until it is caught up with")
    since = "how old the oldest restored store is, such as 2026-11-21T03:00:00Z; the newest event's time without it"
    restored.add_argument("--since", type=_moment, metavar="TIME", help=since)
    generate = each.add_parser("generate", help="write the documents that are generated from the code")
    generate.add_argument("--check", action="store_true", help="write nothing; fail when a document is out of date")
    return parser


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()  # progress is worth something while it is progress


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _web(commands: Commands[S], settings: S) -> Flask:
    telemetry.configure(commands.name, os.environ)
    return commands.web(settings)


def _generate(commands: Commands[S], check: bool) -> int:
    documents = commands.documents()
    found = stale(commands.root, documents)
    if not check:
        write(commands.root, documents)
    for name in found:
        sys.stdout.write(f"{'out of date' if check else 'written'}: {name}\n")
    return 1 if check and found else 0
