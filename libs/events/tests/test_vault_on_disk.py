"""The raw files of PostgreSQL still hold what was deleted; after erasure and rotation no key that is left opens it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import create_engine, select, text

from nexoraz.events.kek import LocalKek
from nexoraz.events.key_rows import binding
from nexoraz.events.rotation import rotate
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import keys, migrate_vault
from nexoraz.local.testing.real import RealPostgres

pytestmark = pytest.mark.real

ANN, BOB = "0f0c9d6e-1111-4111-8111-000000000001", "0f0c9d6e-1111-4111-8111-000000000002"
CONTEXT = f"{ANN}|account|c".encode()


def on_disk(postgres: RealPostgres) -> bytes:
    """Heap and write-ahead log of the whole server, as they lie there now."""
    files = [path for path in sorted(postgres.part.directory.rglob("*")) if path.is_file()]
    return b"".join(path.read_bytes() for path in files if path.stat().st_size)


def opened(key: bytes, sealed: bytes, bound_to: bytes) -> bytes | None:
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound_to)
    except InvalidTag:
        return None


@pytest.fixture
def vault(postgres: RealPostgres, database: Callable[[], str], tmp_path: Path) -> Iterator[Vault]:
    engine, kek = create_engine(database().replace("postgresql:", "postgresql+psycopg:")), LocalKek(tmp_path / "kek")
    migrate_vault(engine, kek)
    yield Vault(engine, kek)
    engine.dispose()


def test_no_key_that_is_left_on_disk_opens_what_is_left_on_disk(
    vault: Vault, postgres: RealPostgres, tmp_path: Path
) -> None:
    sealed = vault.seal(ANN, "account", b"ann@example.com", "c")
    vault.seal(BOB, "account", b"bob@example.com", "c")
    with vault.engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (value bytea)"))
        connection.execute(text("INSERT INTO kept VALUES (:value)"), {"value": sealed})
        wrapped = bytes(connection.execute(select(keys.c.wrapped).where(keys.c.account_id == ANN)).scalar_one())
    [key_file] = (tmp_path / "kek").iterdir()
    data_key = opened(key_file.read_bytes(), wrapped, binding(ANN, "account"))
    assert data_key is not None and opened(data_key, sealed[1:], CONTEXT) == b"ann@example.com"

    vault.destroy(ANN)
    with vault.engine.begin() as connection:
        connection.execute(text("DELETE FROM kept"))
    assert opened(key_file.read_bytes(), wrapped, binding(ANN, "account")) == data_key  # why an epoch must end
    rotate(vault)
    with vault.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("CHECKPOINT"))
        living = [bytes(w) for w in connection.scalars(select(keys.c.wrapped))]

    raw = on_disk(postgres)
    assert sealed in raw and wrapped in raw, "neither heap nor log holds them: the test would prove nothing"
    assert data_key not in raw
    left = [path.read_bytes() for path in (tmp_path / "kek").iterdir()]
    assert len(left) == 1
    found = [raw[at : at + len(wrapped)] for at in _places(raw, wrapped)] + living
    bindings = [binding(account, "account") for account in (ANN, BOB)]
    tried = [opened(kek, each, bound) for kek in left for each in found for bound in bindings]
    unwrapped = [key for key in tried if key is not None]
    assert len(unwrapped) == 1, "Bob's key, and no other"
    assert all(opened(key, sealed[1:], CONTEXT) is None for key in [*left, *unwrapped])


def _places(raw: bytes, what: bytes) -> Iterator[int]:
    at = raw.find(what)
    while at >= 0:
        yield at
        at = raw.find(what, at + 1)
