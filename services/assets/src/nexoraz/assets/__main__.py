"""`python -m nexoraz.assets web | worker | migrate | rebuild | letters | tasks | retain | rotate | sweep |
generate`, and for training `manifest | model`."""

import argparse
import sys

from nexoraz.assets import bootstrap
from nexoraz.assets.config import Settings
from nexoraz.assets.domain.manifest import ManifestUnknown, ModelNotNamed
from nexoraz.service.commands import Command, Commands, run
from nexoraz.service.retain import retain_command


def _make_manifest(settings: Settings, _: argparse.Namespace) -> int:
    sys.stdout.write(bootstrap.build(settings).manifests.make() + "\n")
    return 0


def _register_model(settings: Settings, arguments: argparse.Namespace) -> int:
    try:
        bootstrap.build(settings).manifests.register(arguments.manifest, arguments.model)
    except (ManifestUnknown, ModelNotNamed) as refused:
        sys.stderr.write(f"{refused!r}\n")
        return 1
    return 0


def _model_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", help="its name, as people are told it")
    parser.add_argument("manifest", help="the id of the manifest that it was trained by")


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
    others=[
        Command("manifest", "sign a list of the photos that may train models", lambda _: None, _make_manifest),
        Command("model", "say that a model was trained by a manifest", _model_arguments, _register_model),
        retain_command(lambda settings, apply: bootstrap.build(settings).participation.retention.lines(apply)),
    ],
    also_logs=frozenset({"account_id", "photo_id", "purpose"}),
)

if __name__ == "__main__":
    sys.exit(run(COMMANDS, sys.argv[1:]))
