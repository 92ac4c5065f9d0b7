"""The ports of training over the database and the vault."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import Engine

from nexoraz.assets.projections.training import Candidate, TrainingRecords
from nexoraz.events.vault import Vault

ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class SqlListing:
    """The Listing port."""

    engine: Engine
    records: TrainingRecords

    def candidates(self, manifest_id: str | None = None) -> list[Candidate]:
        with self.engine.connect() as connection:
            return self.records.candidates(connection, manifest_id)


@dataclass(frozen=True, slots=True)
class ManifestSigner:
    """Signs as JWS (RFC 7515) with a key that the vault derives for nothing else; its public half is in the header."""

    vault: Vault

    def __call__(self, payload: bytes) -> str:
        secret = self.vault.derive("", "training-manifests", b"signing")
        key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(secret))
        public = key.as_dict(private=False)
        header = {"alg": ALGORITHM, "kid": key.thumbprint(), "jwk": {n: public[n] for n in ("kty", "crv", "x")}}
        return jws.serialize_compact(header, payload, key, algorithms=[ALGORITHM])
