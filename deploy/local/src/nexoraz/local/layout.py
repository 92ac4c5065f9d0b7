"""Where a copy of the suite keeps its files and which ports it listens on: all follows from its folder and one port."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nexoraz.local.errors import LocalSuiteError

SERVICES = ("identity", "assets", "render", "billing", "privacy")
DEFAULT_PORT = 8080


class FolderTaken(LocalSuiteError):
    def __init__(self, folder: Path) -> None:
        super().__init__(f"The folder {folder} belongs to somebody else; remove it or set TMPDIR.")


@dataclass(frozen=True, slots=True)
class Layout:
    """`root` is the clone, `var` its data, `port` the gateway's; the rest listens on `port + 1` to `port + 40`."""

    root: Path
    var: Path
    port: int = DEFAULT_PORT

    @property
    def secrets(self) -> Path:
        return self.var / "secrets"

    @property
    def run(self) -> Path:
        """Records of running processes and the settings written for them."""
        return self.var / "run"

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name.replace(' ', '-')}.log"

    @property
    def outside(self) -> Path:
        """Where the stand-ins of other companies (mail, payments) keep what is theirs: never in the data directory."""
        mark = hashlib.sha256(str(self.var).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"nexoraz-{os.getuid()}-{mark}"

    def make_folders(self) -> None:
        """Create the folders, closed to others. Raises FolderTaken."""
        for folder in (self.var, self.secrets, self.run, self.var / "log", self.outside):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.outside.lstat().st_uid != os.getuid() or self.outside.is_symlink():
            raise FolderTaken(self.outside)

    @property
    def public_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def postgres_port(self) -> int:
        return self.port + 1

    @property
    def nats_port(self) -> int:
        return self.port + 2

    @property
    def stripe_port(self) -> int:
        return self.port + 3

    @property
    def smtp_port(self) -> int:
        return self.port + 4

    @property
    def mailbox_port(self) -> int:
        return self.port + 5

    @property
    def gateway_health_port(self) -> int:
        return self.port + 6

    @property
    def s3_port(self) -> int:
        """The first of eight."""
        return self.port + 8

    def web_port(self, service: str) -> int:
        return self.port + 20 + 2 * SERVICES.index(service)

    def worker_port(self, service: str) -> int:
        return self.web_port(service) + 1

    def all_ports(self) -> dict[int, str]:
        """Every port of this copy and what it is for."""
        named = {
            self.port: "the gateway",
            self.postgres_port: "PostgreSQL",
            self.nats_port: "NATS",
            self.stripe_port: "payments",
            self.smtp_port: "mail",
            self.mailbox_port: "the mailbox",
            self.gateway_health_port: "the gateway's health",
        }
        named |= {self.s3_port + offset: "S3" for offset in range(8)}
        named |= {self.web_port(service): f"{service} web" for service in SERVICES}
        return named | {self.worker_port(service): f"{service} worker" for service in SERVICES}
