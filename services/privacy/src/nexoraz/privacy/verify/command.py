"""Check an erasure certificate without any access to the suite, and say in plain words what it proves.

    nexoraz-verify certificate.json [amendments.json …] [--keys jwks.json] [--previous older.json] [--complete]

Exit status: 0 genuine, 1 not, 2 it could not be read, 3 genuine, but --complete was asked and something is open.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from nexoraz.privacy.adapters.signatures import NotGenuine
from nexoraz.privacy.verify.amendments import check_amendments, still_open
from nexoraz.privacy.verify.certificate import check, explain
from nexoraz.privacy.verify.keys import read_keys

GENUINE, NOT_GENUINE, UNREADABLE, OPEN = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; see the module."""
    options = _parser().parse_args(arguments)
    try:
        raw = options.certificate.read_bytes()
        files = [path.read_bytes() for path in options.amendments]
        keys = read_keys(options.keys) if options.keys else []
        previous = options.previous.read_bytes() if options.previous else None
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot read: {error}\n")
        return UNREADABLE
    try:
        certificate = check(raw, keys, previous)
        amendments = check_amendments(raw, certificate, files, keys)
    except NotGenuine as reason:
        sys.stdout.write(f"NOT GENUINE: {reason}.\n")
        return NOT_GENUINE
    sys.stdout.write(explain(certificate, bool(keys), amendments) + "\n")
    return OPEN if options.complete and still_open(certificate, amendments) else GENUINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nexoraz-verify", description="Check an erasure certificate offline.")
    parser.add_argument("certificate", type=Path)
    parser.add_argument("amendments", type=Path, nargs="*", help="what was added since, in its order")
    parser.add_argument("--keys", type=Path, help="the JWK set served at /v1/privacy/keys")
    parser.add_argument("--previous", type=Path, help="the document before the certificate in the chain")
    parser.add_argument("--complete", action="store_true", help="status 3 while something is not proven yet")
    return parser
