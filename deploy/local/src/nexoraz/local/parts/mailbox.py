"""The mailbox: an SMTP server that delivers nothing and shows, over HTTP, what a person would have received."""

import smtplib
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from nexoraz.local.parts.binaries import python_module
from nexoraz.local.processes import Launch, plain_environment


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`directory` stands for the disks of other people's mail providers: keep it outside the suite's data."""

    directory: Path
    smtp_port: int
    http_port: int
    log: Path
    name: str = "mailbox"

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp_port}"

    @property
    def url(self) -> str:
        """`GET {url}/mails?to=ada@example.org` answers a JSON list, newest first."""
        return f"http://127.0.0.1:{self.http_port}"

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def launch(self) -> Launch:
        ports = ("--smtp-port", str(self.smtp_port), "--http-port", str(self.http_port))
        return Launch(
            name=self.name,
            command=(*python_module("nexoraz.local.emulators.mailbox"), *ports, "--state", str(self.directory)),
            log=self.log,
            environment=plain_environment(),
            folder=self.directory,
            grace_seconds=2.0,
        )

    def ping(self) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=2) as connection:
            connection.noop()
        with urllib.request.urlopen(f"{self.url}/mails?to=nobody@example.org", timeout=2) as response:  # noqa: S310  http to ourselves
            response.read()
