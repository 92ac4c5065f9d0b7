# ruff: noqa: ARG002 - fakes take what their ports take, and need less of it
"""Further ports in memory: what signing in needs besides addresses and passwords. See memory.py."""

from datetime import datetime
from uuid import uuid4

from nexoraz.events.event import Recorded
from nexoraz.events.registry import KeyDestroyed, Sealer
from nexoraz.events.store import Transaction, VersionConflict
from nexoraz.identity.application.ports import Clock
from nexoraz.identity.domain.provider_link import ProviderLinked, ProviderUnlinked


class MemoryPlaces:
    """One network of an example is somewhere."""

    def country(self, network: str) -> str:
        return "DE" if network.startswith("91.1.") else ""


class MemoryChallenges:
    def __init__(self, now: Clock) -> None:
        self._now = now
        self._out: dict[tuple[str, str, str], datetime] = {}

    def give(self, purpose: str, subject: str, expires_at: datetime) -> str:
        challenge = uuid4().hex + "A" * 11
        self._out[purpose, subject, challenge] = expires_at
        return challenge

    def take(self, purpose: str, subject: str, challenge: str) -> bool:
        expires_at = self._out.pop((purpose, subject, challenge), None)
        return expires_at is not None and self._now() < expires_at


class MemoryFactorSecrets:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._rows: dict[str, tuple[str, bytes]] = {}

    def put(self, tx: Transaction, account_id: str, factor_id: str, secret: str) -> None:
        sealed = self._sealer.seal(account_id, "account", secret.encode(), factor_id)
        tx.after_commit(lambda: self._rows.update({account_id: (factor_id, sealed)}))

    def find(self, tx: Transaction, account_id: str, factor_id: str) -> str | None:
        kept_id, sealed = self._rows.get(account_id, ("", b""))
        if not factor_id or kept_id != factor_id:
            return None
        try:
            return self._sealer.open(account_id, "account", sealed, factor_id).decode()
        except KeyDestroyed:
            return None

    def delete(self, tx: Transaction, account_id: str) -> None:
        tx.after_commit(lambda: self._forget(account_id))

    def _forget(self, account_id: str) -> None:
        self._rows.pop(account_id, None)


class MemoryProviderLinks:
    def __init__(self) -> None:
        self._accounts: dict[str, str] = {}

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case ProviderLinked(account_id, _, subject_hash):
                if subject_hash in self._accounts:
                    raise VersionConflict("provider-links", 0)
                tx.after_commit(lambda: self._accounts.update({subject_hash: account_id}))
            case ProviderUnlinked(subject_hash=subject_hash):
                tx.after_commit(lambda: self._forget(subject_hash))

    def _forget(self, subject_hash: str) -> None:
        self._accounts.pop(subject_hash, None)

    def find(self, tx: Transaction, subject_hash: str) -> str | None:
        return self._accounts.get(subject_hash)
