"""The chain of certificates and the keys that sign them, in privacy's own database."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select

from nexoraz.events.registry import Sealer
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.adapters.signatures import Ed25519Signer, new_signing_jwk
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.projections.tables import CERTIFICATES, SIGNING_KEYS

CHAIN_LOCK, KEY_LOCK = 7_265_903, 7_265_904
PURPOSE = "certificate-signing"


class SqlCertificateBook:
    """The port CertificateBook."""

    def head(self, tx: Transaction) -> tuple[int, str]:
        connection = connection_of(tx)
        connection.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
        query = select(CERTIFICATES.c.number, CERTIFICATES.c.sha256).order_by(CERTIFICATES.c.number.desc()).limit(1)
        row = connection.execute(query).first()
        return (row.number, row.sha256) if row else (0, "")

    def add(self, tx: Transaction, request_id: str, number: int, sha256: str, file: bytes, at: datetime) -> None:
        row: dict[str, Any] = {"number": number, "request_id": request_id, "sha256": sha256, "file": file}
        connection_of(tx).execute(insert(CERTIFICATES).values(issued_at=at, **row))


def certificate_file(connection: Connection, request_id: str) -> bytes | None:
    """The certificate of a request, byte for byte as it was signed."""
    found = connection.execute(select(CERTIFICATES.c.file).where(CERTIFICATES.c.request_id == request_id)).scalar()
    return None if found is None else bytes(found)


class SealedSigningKeys:
    """The port SigningKeys. Private halves are sealed by a system key of the vault, which no erasure touches."""

    def __init__(self, vault: Sealer, clock: Callable[[], datetime]) -> None:
        self._vault = vault
        self._clock = clock

    def current(self, tx: Transaction) -> Ed25519Signer:
        connection = connection_of(tx)
        query = select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.created_at.desc()).limit(1)
        row = connection.execute(query).first()
        if row is None:
            connection.execute(select(func.pg_advisory_xact_lock(KEY_LOCK)))
            row = connection.execute(query).first()
        if row is None:
            return self._make(connection)
        raw = self._vault.open("", PURPOSE, bytes(row.sealed_private), row.kid)
        return Ed25519Signer(msgspec.json.decode(raw))

    def _make(self, connection: Connection) -> Ed25519Signer:
        private = new_signing_jwk()
        signer = Ed25519Signer(private)
        sealed = self._vault.seal("", PURPOSE, msgspec.json.encode(private), private["kid"])
        row: dict[str, Any] = {"kid": private["kid"], "public_jwk": signer.public_jwk, "sealed_private": sealed}
        connection.execute(insert(SIGNING_KEYS).values(created_at=self._clock(), **row))
        return signer


def public_keys(connection: Connection) -> list[Json]:
    """The public halves of all keys that ever signed, newest first."""
    query = select(SIGNING_KEYS.c.public_jwk).order_by(SIGNING_KEYS.c.created_at.desc())
    return [dict(jwk) for jwk in connection.scalars(query)]
