"""A service on databases of its own, and people who are signed in to it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from nexoraz.events.kek import LocalKek
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.service.auth import remember_key
from nexoraz.service.database import make_engine
from nexoraz.service.migrate import migrate
from nexoraz.service.settings import Secret
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, sign_token

S = TypeVar("S")
SIGNING_KEY = new_signing_key()


def on_databases(settings: S, new: NewMigratedDatabase, service: Path, keys: Path) -> S:
    """`settings` with a migrated database and a migrated vault. service: its folder; keys: where the vault's key-
    encryption keys are to lie."""
    vault = Secret(new("empty", lambda _: None))
    engine = make_engine(vault)
    migrate_vault(engine, LocalKek(keys))
    engine.dispose()
    data = Secret(new(service.name, partial(migrate, directory=service / "migrations")))
    changed: S = replace(settings, database_url=data, vault_database_url=vault, vault_kek_dir=keys)  # type: ignore[type-var]
    return changed


def close(app: Any) -> None:
    """End what a built service holds open."""
    app.runtime.store.hint.close()
    app.runtime.engine.dispose()
    app.runtime.vault.engine.dispose()


def know_key(app: Any) -> None:
    """What a worker does on identity's signing-key-published."""
    with app.runtime.engine.begin() as connection:
        not_after = datetime.now(UTC) + timedelta(days=1)
        remember_key(connection, SIGNING_KEY["kid"], public_jwk(SIGNING_KEY), not_after)


def bearer(account_id: str, roles: frozenset[str] = frozenset()) -> dict[str, str]:
    """The header of somebody who has just signed in."""
    now = datetime.now(UTC)
    claims = TokenClaims(account_id, str(uuid4()), now, roles)
    return {"Authorization": f"Bearer {sign_token(SIGNING_KEY, claims, now)}"}
