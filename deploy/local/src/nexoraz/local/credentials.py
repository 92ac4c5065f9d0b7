"""Passwords and keys of a copy, made once and kept in files that only their owner can read."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    folder: Path

    def get(self, name: str, prefix: str = "") -> str:
        """The secret called `name`: what its file holds, or 192 fresh random bits with `prefix` before them, kept from
        now on. A file is complete or absent, whenever the process is killed."""
        path = self.folder / name
        if not path.exists():
            draft = self.folder / f".{name}.{os.getpid()}"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(prefix + secrets.token_hex(24))
                file.flush()
                os.fsync(file.fileno())
            draft.rename(path)
        return path.read_text().strip()

    def key_directory(self, service: str) -> Path:
        """Where the service keeps its key-encryption keys, one file per epoch."""
        path = self.folder / "kek" / service
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return path
