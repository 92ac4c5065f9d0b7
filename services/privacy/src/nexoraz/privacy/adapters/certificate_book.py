"""The chain of certificates and amendments, and the keys that sign them, in privacy's own database."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select

from nexoraz.events.registry import Sealer
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.privacy.adapters.signatures import Ed25519Signer, new_signing_jwk
from nexoraz.privacy.application.ports import Entry
from nexoraz.privacy.domain.amendment import Amended, KeyEpochEnded, bundle
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.projections.tables import (
    AMENDED_CERTIFICATES,
    AMENDMENTS,
    AWAITED_EPOCHS,
    CERTIFICATES,
    KEY_EPOCHS,
    SIGNING_KEYS,
)

CHAIN_LOCK, KEY_LOCK = 7_265_903, 7_265_904
PURPOSE = "certificate-signing"


class SqlCertificateBook:
    """The port CertificateBook."""

    def head(self, tx: Transaction) -> tuple[int, str]:
        connection = connection_of(tx)
        connection.execute(select(func.pg_advisory_xact_lock(CHAIN_LOCK)))
        last = (select(t.c.number, t.c.sha256).order_by(t.c.number.desc()).limit(1) for t in (CERTIFICATES, AMENDMENTS))
        ends = [connection.execute(query).first() for query in last]
        return max(((row.number, row.sha256) for row in ends if row), default=(0, ""))

    def file(self, tx: Transaction, request_id: str) -> bytes | None:
        return (
            connection_of(tx)
            .execute(select(CERTIFICATES.c.file).where(CERTIFICATES.c.request_id == request_id))
            .scalar()
        )

    def add(self, tx: Transaction, request_id: str, entry: Entry) -> None:
        connection_of(tx).execute(insert(CERTIFICATES).values(request_id=request_id, **_row(entry)))

    def await_epochs(self, tx: Transaction, number: int, epochs: Mapping[str, int]) -> frozenset[str]:
        rows = [{"certificate": number, "participant": name, "epoch": epoch} for name, epoch in epochs.items()]
        connection_of(tx).execute(insert(AWAITED_EPOCHS), rows)
        same = (KEY_EPOCHS.c.participant == AWAITED_EPOCHS.c.participant, KEY_EPOCHS.c.epoch == AWAITED_EPOCHS.c.epoch)
        over = select(KEY_EPOCHS.c.participant).join(AWAITED_EPOCHS, and_(*same))
        return frozenset(connection_of(tx).scalars(over.where(AWAITED_EPOCHS.c.certificate == number)))

    def ended(self, tx: Transaction, participant: str, epoch: int) -> KeyEpochEnded | None:
        query = select(KEY_EPOCHS).where(KEY_EPOCHS.c.participant == participant, KEY_EPOCHS.c.epoch == epoch)
        row = connection_of(tx).execute(query).first()
        return KeyEpochEnded(row.participant, row.epoch, row.destroyed_at, row.attested_at) if row else None

    def awaiting(self, tx: Transaction, participant: str, epoch: int, most: int) -> Sequence[Amended]:
        own = (AWAITED_EPOCHS.c.participant == participant, AWAITED_EPOCHS.c.epoch == epoch)
        numbers = select(AWAITED_EPOCHS.c.certificate).where(*own).order_by(AWAITED_EPOCHS.c.certificate).limit(most)
        return _amended(connection_of(tx), CERTIFICATES.c.number.in_(numbers))

    def of_request(self, tx: Transaction, request_id: str) -> Amended | None:
        return next(iter(_amended(connection_of(tx), CERTIFICATES.c.request_id == request_id)), None)

    def is_amended(self, tx: Transaction, number: int, cause: str) -> bool:
        of_this = _amendments_of(CERTIFICATES.c.number == number).where(AMENDMENTS.c.cause == cause)
        return connection_of(tx).execute(of_this).first() is not None

    def amend(self, tx: Transaction, entry: Entry, cause: str, certificates: Sequence[Amended]) -> None:
        connection = connection_of(tx)
        connection.execute(insert(AMENDMENTS).values(cause=cause, **_row(entry)))
        links = [{"certificate": c.number, "place": c.place, "amendment": entry.number} for c in certificates]
        connection.execute(insert(AMENDED_CERTIFICATES), links)
        kind, _, whose = cause.partition(":")
        if kind == "epoch":
            participant, _, epoch = whose.rpartition(":")
            met = (AWAITED_EPOCHS.c.participant == participant, AWAITED_EPOCHS.c.epoch == int(epoch))
            numbers = [c.number for c in certificates]
            connection.execute(delete(AWAITED_EPOCHS).where(*met, AWAITED_EPOCHS.c.certificate.in_(numbers)))


def _row(entry: Entry) -> dict[str, Any]:
    return {"number": entry.number, "sha256": entry.sha256, "file": entry.file, "issued_at": entry.at}


def _amended(connection: Connection, which: ColumnElement[bool]) -> list[Amended]:
    """Those certificates, each as its next amendment would name it."""
    rows = connection.execute(
        select(CERTIFICATES.c.number, CERTIFICATES.c.sha256, AMENDED_CERTIFICATES.c.place, AMENDMENTS.c.sha256)
        .outerjoin(AMENDED_CERTIFICATES, AMENDED_CERTIFICATES.c.certificate == CERTIFICATES.c.number)
        .outerjoin(AMENDMENTS, AMENDMENTS.c.number == AMENDED_CERTIFICATES.c.amendment)
        .where(which)
        .order_by(CERTIFICATES.c.number, AMENDED_CERTIFICATES.c.place)
    )
    latest = {number: Amended(number, own, (place or 0) + 1, last or own) for number, own, place, last in rows}
    return list(latest.values())


def _amendments_of(which: ColumnElement[bool]) -> Select[Any]:
    """The amendments' files of those certificates, in their order."""
    return (
        select(AMENDMENTS.c.file)
        .join(AMENDED_CERTIFICATES, AMENDED_CERTIFICATES.c.amendment == AMENDMENTS.c.number)
        .join(CERTIFICATES, CERTIFICATES.c.number == AMENDED_CERTIFICATES.c.certificate)
        .where(which)
        .order_by(AMENDED_CERTIFICATES.c.place)
    )


def certificate_file(connection: Connection, request_id: str) -> bytes | None:
    """The certificate of a request, byte for byte as it was signed."""
    found = connection.execute(select(CERTIFICATES.c.file).where(CERTIFICATES.c.request_id == request_id)).scalar()
    return None if found is None else bytes(found)


def amendments_file(connection: Connection, request_id: str) -> bytes | None:
    """All amendments of a request's certificate, each byte for byte, in one canonical document; None without one."""
    if certificate_file(connection, request_id) is None:
        return None
    files = connection.scalars(_amendments_of(CERTIFICATES.c.request_id == request_id))
    return bundle([bytes(file) for file in files])


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
