"""`python -m nexoraz.identity web | worker | migrate | rebuild | letters | tasks | retain | rotate | sweep | operator |
generate`."""

import sys

from nexoraz.identity import bootstrap
from nexoraz.identity.adapters import operator_desk
from nexoraz.identity.config import Settings
from nexoraz.service.commands import Command, Commands, run
from nexoraz.service.retain import retain_command

COMMANDS = Commands(
    name=bootstrap.SERVICE,
    version=bootstrap.VERSION,
    root=bootstrap.ROOT,
    settings=Settings,
    web=lambda settings: bootstrap.build(settings).web(),
    worker=lambda settings: bootstrap.build(settings).run_worker(),
    migrate=bootstrap.migrate_databases,
    rebuild=lambda settings, names: bootstrap.build(settings).rebuild(names),
    desks=lambda settings: bootstrap.build(settings).runtime.desks(),
    upkeep=lambda settings: bootstrap.build(settings).upkeep().jobs(),
    restored=lambda settings, since: bootstrap.build(settings).runtime.restored(since),
    documents=bootstrap.documents,
    others=(
        retain_command(lambda settings, apply: bootstrap.build(settings).participation.retention.lines(apply)),
        Command(
            "operator",
            "who may use the operators' side of the API",
            operator_desk.add_arguments,
            lambda settings, arguments: operator_desk.operate(bootstrap.build(settings).use_cases.operators, arguments),
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(run(COMMANDS, sys.argv[1:]))
