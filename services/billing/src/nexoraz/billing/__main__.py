"""`python -m nexoraz.billing web | worker | migrate | rebuild | letters | tasks | retain | rotate | sweep | reconcile |
generate`."""

import sys

from nexoraz.billing import bootstrap
from nexoraz.billing.adapters.reconcile import add_arguments
from nexoraz.billing.config import Settings
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
            "reconcile",
            "compare our records with Stripe's, both ways; status 1 when something differs",
            add_arguments,
            bootstrap.reconcile_records,
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(run(COMMANDS, sys.argv[1:]))
