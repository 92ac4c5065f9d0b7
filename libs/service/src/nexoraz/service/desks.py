"""`python -m nexoraz.<service> letters | tasks  list | show | redrive | discard`: what operators do about what failed.

What is printed holds ids, kinds and reasons. Every use leaves a line in the log on standard error that says who did
what to which id, so that a terminal's output stays readable and the record can be kept apart.
"""

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from nexoraz.service import logging as logs

TITLES: Mapping[str, str] = {
    "letters": "messages of other services that could not be handled",
    "tasks": "tasks that failed or were given up",
}
EXAMPLES = """examples:
  python -m nexoraz.{service} {name} list
  python -m nexoraz.{service} {name} show 17
  python -m nexoraz.{service} {name} redrive 17
  python -m nexoraz.{service} {name} discard 17 --yes
"""


class Desk(Protocol):
    """Where an operator deals with one sort of failed work. Lines and errors hold pseudonyms and reasons only."""

    def list(self) -> Sequence[str]:
        """A line for each piece of work, headed by a line of titles; empty when there is none."""

    def show(self, id: int) -> Sequence[str] | None:
        """What is known of one; None when it is not there."""

    def redrive(self, id: int) -> bool:
        """Have it tried again now, with all its attempts; False when there is none that could be."""

    def discard(self, id: int) -> bool:
        """Give it up for good; False when there is none that could be."""


Desks = Mapping[str, Desk]


def add_parsers(service: str, commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command line of every desk."""
    for name, title in TITLES.items():
        examples = EXAMPLES.format(service=service, name=name)
        raw = argparse.RawDescriptionHelpFormatter
        desk = commands.add_parser(name, help=title, description=title, epilog=examples, formatter_class=raw)
        action = desk.add_subparsers(dest="action", required=True)
        action.add_parser("list", help="all of them, oldest first")
        _with_id(action.add_parser("show", help="what is known of one"))
        _with_id(action.add_parser("redrive", help="try it again now, with all its attempts"))
        discard = action.add_parser("discard", help="give it up for good; its effect will not happen")
        _with_id(discard)
        discard.add_argument("--yes", action="store_true", help="it is meant; without it nothing is discarded")


def operate(desks: Desks, arguments: argparse.Namespace) -> int:
    """Do what was asked. Returns the exit status: 0 done, 1 there is no such id, 2 not confirmed."""
    name, action, id_ = arguments.command, arguments.action, getattr(arguments, "id", None)
    if action == "discard" and not arguments.yes:
        sys.stderr.write(f"Nothing is discarded without --yes: what {name} {id_} should have done will not happen.\n")
        return 2
    found = _act(desks[name], action, id_)
    logs.get_logger().warning(
        "operator command", desk=name, action=action, id=id_, done=found, operator=operating_user()
    )
    if not found:
        sys.stderr.write(f"{name}: nothing that can be used this way has the id {id_}\n")
    return 0 if found else 1


def _act(desk: Desk, action: str, id_: int | None) -> bool:
    if id_ is None:
        return _print(desk.list() or ["none"])
    if action == "show":
        lines = desk.show(id_)
        return lines is not None and _print(lines)
    act: Callable[[int], bool] = desk.redrive if action == "redrive" else desk.discard
    return act(id_) and _print([f"{id_}: {'tried again now' if action == 'redrive' else 'discarded'}"])


def _print(lines: Sequence[str]) -> bool:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return True


def _with_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=int, metavar="ID", help="as `list` shows it")


def operating_user() -> str:
    """The name of the operating system's user; a container may have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
