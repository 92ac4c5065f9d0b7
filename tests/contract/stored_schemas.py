"""The shapes that were published. `python -m tests.contract.stored_schemas` stores new types, and only those."""

import json
import sys
from pathlib import Path

from tests.contract.suite import Json, committed_schemas, read

FOLDER = Path(__file__).with_name("stored")


def stored() -> dict[str, Json]:
    """Type → the shape as it was first published."""
    return {file.stem: read(file) for file in sorted(FOLDER.glob("*.json"))}


def main() -> None:
    known = stored()
    for name, schema in committed_schemas().items():
        if name not in known:
            (FOLDER / f"{name}.json").write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
            sys.stdout.write(f"stored: {name}\n")


if __name__ == "__main__":
    main()
