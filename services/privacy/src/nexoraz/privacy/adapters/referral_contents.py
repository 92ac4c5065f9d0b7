"""What was written without a sign-in: sealed under a key of the referral, which is destroyed when it is settled."""

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.rpc import RpcClient
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.vault import Vault
from nexoraz.privacy.application.referrals import Written
from nexoraz.privacy.projections.tables import REFERRAL_CONTENTS as T

LETTERS = "rpc.identity.write-to"


class SealedContents:
    """The port Contents."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def keep(self, tx: Transaction, referral_id: str, written: Written) -> None:
        texts = {"email": written.email, "text": written.text, "answer": written.answer}
        sealed = {n: seal_column(self._vault, T.c[n], referral_id, referral_id, text) for n, text in texts.items()}
        row = upsert(T).values(referral_id=referral_id, **sealed)
        connection_of(tx).execute(row.on_conflict_do_update(index_elements=["referral_id"], set_=sealed))

    def read(self, tx: Transaction, referral_id: str) -> Written | None:
        row = connection_of(tx).execute(select(T).where(T.c.referral_id == referral_id)).first()
        if row is None:
            return None
        try:
            texts = {
                n: open_column(self._vault, T.c[n], referral_id, referral_id, row._mapping[n]) or ""
                for n in ("email", "text", "answer")
            }
        except KeyDestroyed:
            return None
        return Written(**texts)

    def forget(self, tx: Transaction, referral_id: str) -> None:
        self._vault.destroy(referral_id)
        connection_of(tx).execute(delete(T).where(T.c.referral_id == referral_id))


class RpcLetters:
    """The port Letters: asked over the bus, where nothing of it is stored."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def write(self, letter_id: str, to: str, kind: str, facts: dict[str, str]) -> None:
        self._rpc.request(LETTERS, msgspec.json.encode({"id": letter_id, "to": to, "kind": kind, "facts": facts}))
