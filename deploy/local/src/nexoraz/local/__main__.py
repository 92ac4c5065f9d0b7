"""`python -m nexoraz.local run | stop | status`: what `make run`, `make stop` and `make status` call; and
`… do <service> <command> …`: a command of a service with the settings that it runs with here, such as
`python -m nexoraz.local do identity operator grant ann@example.org`; and
`… rotate`: a new epoch of every vault's keys."""

import argparse
import asyncio
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from nexoraz.local.console import Console, table
from nexoraz.local.credentials import Credentials
from nexoraz.local.errors import DiskFull, LocalSuiteError
from nexoraz.local.layout import DEFAULT_PORT, SERVICES, Layout
from nexoraz.local.leftovers import Records, holder, only_one
from nexoraz.local.ports import require_free
from nexoraz.local.suite import Suite
from nexoraz.local.supervisor import Supervisor

MIB = 2**20
FREE_MIB = 512
STOP_SECONDS = 60.0


def require_space(folder: Path, needed_mib: int = FREE_MIB) -> None:
    """Raise DiskFull where less than `needed_mib` is left: a database on a full disk fails in stranger ways."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_mib = shutil.disk_usage(existing).free // MIB
    if free_mib < needed_mib:
        raise DiskFull(str(folder), free_mib, needed_mib)


def run(layout: Layout, services: tuple[str, ...]) -> None:
    require_space(layout.var)
    layout.make_folders()
    console = Console()
    with only_one(layout.run):
        records = Records(layout.run)
        if left := records.end_leftovers():
            console.note(f"Ended what a killed run had left: {', '.join(left)}")
        for port, purpose in layout.all_ports().items():
            require_free(port, purpose, layout.port)
        suite = Suite(layout, Credentials(layout.secrets), services)
        write_addresses(suite)
        offer_model(layout, console)
        asyncio.run(Supervisor(suite.units(), records, console).run(table(suite.addresses())))
    console.note("Stopped.")


def write_addresses(suite: Suite) -> None:
    """var/run/addresses.json, for programs that use the running suite as a client would. No secret is in it."""
    addresses = {
        "public_url": suite.layout.public_url,
        "mailbox_url": suite.mailbox.url,
        "stripe_url": suite.stripe.api_base,
        "postgres_port": suite.layout.postgres_port,
        "nats_url": suite.nats.url,
        "s3_endpoint": suite.s3.endpoint,
        "secrets": str(suite.layout.secrets),
    }
    (suite.layout.run / "addresses.json").write_text(json.dumps(addresses, indent=1))


def offer_model(layout: Layout, console: Console) -> None:
    if not (layout.var / "model" / "u2net.onnx").exists():
        console.note("Cut-outs are classical until `make model` has fetched the neural weights (176 MB), now or later")


def stop(layout: Layout) -> None:
    """End the run of this copy, or what a killed one left."""
    pid = holder(layout.run)
    if pid is None:
        left = Records(layout.run).end_leftovers() if layout.run.exists() else []
        print(f"Ended what a killed run had left: {', '.join(left)}" if left else "Nothing is running.")
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while holder(layout.run) is not None:
        if time.monotonic() > deadline:
            raise LocalSuiteError(f"Process {pid} did not stop within {STOP_SECONDS:.0f} s.")
        time.sleep(0.1)
    print("Stopped; the data stays in var/.")


def status(layout: Layout) -> None:
    pid = holder(layout.run)
    if pid is None:
        raise LocalSuiteError("Nothing is running.")
    rows = [("supervisor", str(pid)), *((name, str(number)) for name, number in Records(layout.run).running().items())]
    print(table(rows))


def do(layout: Layout, command: list[str]) -> int:
    """Run `python -m nexoraz.<service> …` on the running suite's databases; returns its exit status."""
    if not command or command[0] not in SERVICES:
        raise LocalSuiteError(f"do what? The first word is a service: {', '.join(SERVICES)}.")
    service, *words = command
    process = Suite(layout, Credentials(layout.secrets)).process(service, "web")
    ours = [sys.executable, "-m", f"nexoraz.{service}", *words]
    return subprocess.run(ours, env=dict(process.environment), check=False).returncode


def rotate(layout: Layout, services: tuple[str, ...]) -> int:
    """A new epoch of the vault's keys in every service, one after the other; 1 when one of them failed."""
    failed = 0
    for service in services:
        print(f"{service}:", flush=True)
        failed |= do(layout, [service, "rotate"])
    return int(failed != 0)


def options() -> argparse.ArgumentParser:
    """The options of every command, which may stand before it or behind it."""
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--root", type=Path, help="the clone (default: here)")
    shared.add_argument("--var", type=Path, help="where data is kept (default: var in the clone)")
    shared.add_argument("--port", type=int, help=f"the gateway's port (default: PORT, or {DEFAULT_PORT})")
    shared.add_argument("--services", help="start these only, comma separated")
    return shared


def parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nexoraz.local", description=__doc__, parents=[options()])
    port = int(os.environ.get("PORT") or DEFAULT_PORT)
    parser.set_defaults(root=Path.cwd(), var=None, port=port, services=",".join(SERVICES))
    each = parser.add_subparsers(dest="command", required=True)
    for name in ("run", "stop", "status", "rotate"):
        each.add_parser(name, parents=[options()])
    command = each.add_parser("do", parents=[options()])
    command.add_argument("words", nargs=argparse.REMAINDER, help="the service and its command")
    return parser.parse_args(words)


def main() -> None:
    arguments = parse(sys.argv[1:])
    root = arguments.root.resolve()
    layout = Layout(root, (arguments.var or root / "var").resolve(), arguments.port)
    try:
        if platform.system() != "Linux":
            raise LocalSuiteError("The local suite runs on Linux; elsewhere use it in a Linux container or machine.")
        match arguments.command:
            case "run":
                run(layout, tuple(name for name in SERVICES if name in arguments.services.split(",")))
            case "stop":
                stop(layout)
            case "status":
                status(layout)
            case "do":
                sys.exit(do(layout, arguments.words))
            case "rotate":
                sys.exit(rotate(layout, SERVICES))
    except LocalSuiteError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
