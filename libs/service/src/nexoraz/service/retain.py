"""`python -m nexoraz.<service> retain [--dry-run]`: what is past its term, and what was done about it (clause R1)."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from nexoraz.service.commands import Command
from nexoraz.service.settings import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


def retain_command(lines: Callable[[S, bool], Sequence[str]]) -> Command[S]:
    """lines: applies the retention rules when the second argument is true; the report in either case."""

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what is due and change nothing")

    def act(settings: S, arguments: argparse.Namespace) -> int:
        sys.stdout.write("".join(f"{line}\n" for line in lines(settings, not arguments.dry_run)))
        return 0

    return Command("retain", "end what is past its term; the worker does it every hour", add_arguments, act)
