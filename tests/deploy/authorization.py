"""Writes the bus's users for Kubernetes from the table that the local suite has, so that there is one table.

`python -m tests.deploy.authorization > deploy/k8s/base/nats/authorization.conf` after a change of it.
"""

import json
import sys
from collections.abc import Iterator

from nexoraz.local.parts.nats import OPERATOR, SERVICES, permissions

HEADER = """\
# Written by tests/deploy/authorization.py from the table of nexoraz.local.parts.nats; a test compares the two.
# A service publishes under its own subjects only. Passwords come from Secrets, by the environment.
authorization {
  users: [
"""
FOOTER = "  ]\n}\n"


def password_variable(user: str) -> str:
    return f"NATS_{user.upper()}_PASSWORD"


def text() -> str:
    """The whole file."""
    return HEADER + "".join(line + "\n" for line in _users()) + FOOTER


def _users() -> Iterator[str]:
    for service in SERVICES:
        yield f"    {{ user: {service}, password: ${password_variable(service)}, permissions: {{"
        for key, value in permissions(service).items():
            yield from _permission(key, value)
        yield "    } }"
    yield f"    {{ user: {OPERATOR}, password: ${password_variable(OPERATOR)} }}"


def _permission(key: str, value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"      {key}: {json.dumps(value)}"
        return
    yield f"      {key}: {{"
    for rule, subjects in value.items():
        yield f"        {rule}: ["
        yield from (f"          {json.dumps(subject)}" for subject in subjects)
        yield "        ]"
    yield "      }"


if __name__ == "__main__":
    sys.stdout.write(text())
