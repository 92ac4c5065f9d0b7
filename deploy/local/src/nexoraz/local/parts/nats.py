"""NATS with JetStream and one user per service, whose permissions are the ones that production has."""

import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nexoraz.local.parts.binaries import program
from nexoraz.local.processes import Launch, plain_environment

SERVICES = ("identity", "assets", "render", "billing", "privacy")
OPERATOR = "operator"


def stream(service: str) -> str:
    return f"NEXORAZ_{service.upper()}"


def inbox_prefix(user: str) -> str:
    """Under which a client of `user` must take its answers; other inboxes are closed to it."""
    return f"_INBOX.{user}"


def permissions(service: str, guests: tuple[str, ...] = ()) -> dict[str, object]:
    """What the user of `service` may do, which is what `nexoraz.events.jetstream` asks for and nothing else: write only
    under its own subjects and to its own stream, read every stream, ask every service, answer its own requests
    (`allow_responses`: once per request), and listen in its own inbox only.

    NATS has no wildcard inside a token, so the streams are listed, and a consumer's name cannot be bound to its user:
    names are random instead, and nobody but the operator may list them. guests: participants beside the five.
    """
    own = stream(service)
    reading = [
        subject
        for name in map(stream, (*SERVICES, *guests))
        for subject in (
            f"$JS.API.STREAM.INFO.{name}",
            f"$JS.API.CONSUMER.CREATE.{name}.*",
            f"$JS.API.CONSUMER.DELETE.{name}.*",
            f"$JS.API.CONSUMER.MSG.NEXT.{name}.*",
        )
    ]
    writing = [f"$JS.API.STREAM.{action}.{own}" for action in ("CREATE", "UPDATE", "PURGE", "MSG.GET")]
    return {
        "publish": {"allow": [f"nexoraz.{service}.>", "rpc.>", *writing, *reading]},
        "subscribe": {"allow": [f"{inbox_prefix(service)}.>", f"rpc.{service}.>"]},
        "allow_responses": True,
    }


@dataclass(frozen=True, slots=True)
class Nats:
    """`passwords` maps each user (the five services, guests and `operator`) to its password."""

    directory: Path
    port: int
    passwords: Mapping[str, str] = field(repr=False)
    log: Path
    name: str = "nats"
    guests: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def configuration_file(self) -> Path:
        return self.directory.with_suffix(".conf")

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.configuration_file.touch(mode=0o600)
        # The server reads JSON as a subset of its own configuration language.
        self.configuration_file.write_text(json.dumps(self._configuration(), indent=1))

    def _configuration(self) -> dict[str, object]:
        users: list[dict[str, object]] = [
            {"user": service, "password": self.passwords[service], "permissions": permissions(service, self.guests)}
            for service in (*SERVICES, *self.guests)
        ]
        users.append({"user": OPERATOR, "password": self.passwords[OPERATOR]})
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "server_name": "nexoraz-local",
            "jetstream": {"store_dir": str(self.directory), "max_file_store": 10 * 2**30},
            "authorization": {"users": users},
        }

    def launch(self) -> Launch:
        return Launch(
            name=self.name,
            command=(program("nats-server"), "--config", str(self.configuration_file)),
            log=self.log,
            environment=plain_environment(GOMEMLIMIT="256MiB"),
        )

    def ping(self) -> None:
        """Ask JetStream itself, as the operator."""
        answer = request(self.port, OPERATOR, self.passwords[OPERATOR], "$JS.API.INFO")
        if b'"error"' in answer:
            raise ConnectionError(answer.decode(errors="replace"))


def request(port: int, user: str, password: str, subject: str) -> bytes:
    """One core-NATS request on a connection of its own, in the text protocol. Raises OSError when it is refused."""
    inbox = f"_INBOX.{secrets.token_hex(8)}"
    hello = json.dumps(
        {"user": user, "pass": password, "verbose": False, "pedantic": False, "lang": "raw", "version": "1"}
    )
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection, connection.makefile("rwb") as wire:
        if not wire.readline().startswith(b"INFO "):
            raise ConnectionError("the server did not introduce itself")
        wire.write(f"CONNECT {hello}\r\nSUB {inbox} 1\r\nPUB {subject} {inbox} 0\r\n\r\nPING\r\n".encode())
        wire.flush()
        while line := wire.readline():
            if line.startswith(b"-ERR"):
                raise ConnectionError(line.decode().strip())
            if line.startswith(b"MSG "):
                return wire.read(int(line.split()[-1]))
    raise ConnectionError("the server closed the connection")
