"""Key-encryption keys: one per epoch, wrapping every data key of that epoch, destroyed when the epoch ends.

Destroying the key of an epoch makes each copy of a data key wrapped under it useless, wherever the copy is:
dead rows, write-ahead logs, backups of the vault.
"""

import os
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class EpochDestroyed(Exception):
    """The key-encryption key of the epoch does not exist (any more)."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the key-encryption key of epoch {epoch} does not exist")
        self.epoch = epoch


class WrappedKeyDamaged(Exception):
    """A wrapped data key does not open under its epoch's key: the row was altered, or belongs to another account."""


class Kek(Protocol):
    """Where key-encryption keys live: a folder, a Kubernetes Secret, a KMS. Wrapping happens behind the port."""

    def create(self, epoch: int) -> None:
        """Make the key of an epoch. A key that is already there is kept (a rotation that was killed resumes)."""
        ...

    def wrap(self, epoch: int, key: bytes, binding: bytes) -> bytes:
        """Encrypt a data key; `binding` says whose it is and is authenticated. Raises EpochDestroyed."""
        ...

    def unwrap(self, epoch: int, wrapped: bytes, binding: bytes) -> bytes:
        """The reverse. Raises EpochDestroyed or WrappedKeyDamaged."""
        ...

    def destroy(self, epoch: int) -> None:
        """Make the key unrecoverable. Idempotent."""
        ...


class LocalKek:
    """One file per epoch, mode 600, in a folder of mode 700.

    Keys are read for each use and never kept, so that a destroyed epoch is gone from every process at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def create(self, epoch: int) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = self._directory / f".{epoch}.{os.urandom(8).hex()}"
        _write_durably(fresh, os.urandom(KEY_BYTES))
        try:
            os.link(fresh, self._path(epoch))  # atomic, and refuses to replace a key that is in use
        except FileExistsError:
            pass
        finally:
            _shred(fresh, last_link=True)
        self._sync_directory()

    def wrap(self, epoch: int, key: bytes, binding: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._read(epoch)).encrypt(nonce, key, binding)

    def unwrap(self, epoch: int, wrapped: bytes, binding: bytes) -> bytes:
        aead = AESGCM(self._read(epoch))
        try:
            return aead.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], binding)
        except InvalidTag as error:
            raise WrappedKeyDamaged(binding.decode()) from error

    def destroy(self, epoch: int) -> None:
        path = self._path(epoch)
        if path.exists():
            _shred(path, last_link=False)
            self._sync_directory()

    def _path(self, epoch: int) -> Path:
        return self._directory / f"epoch-{epoch}.key"

    def _read(self, epoch: int) -> bytes:
        try:
            key = self._path(epoch).read_bytes()
        except FileNotFoundError as error:
            raise EpochDestroyed(epoch) from error
        if len(key) != KEY_BYTES or not any(key):
            raise EpochDestroyed(epoch)
        return key

    def _sync_directory(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _write_durably(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


def _shred(path: Path, last_link: bool) -> None:
    """Overwrite with zeros, sync, unlink. A temporary name that shares its content with the key is only unlinked."""
    shared = path.stat().st_nlink > 1
    if not (last_link and shared):
        with path.open("r+b", buffering=0) as file:
            file.write(bytes(KEY_BYTES))
            os.fsync(file.fileno())
    path.unlink()
