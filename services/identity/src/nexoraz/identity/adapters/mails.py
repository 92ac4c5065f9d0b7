"""Mail waiting to be sent: sealed while it waits, deleted once it is out; only a keyed record stays."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import DateTime, Index, MetaData, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import UUID as SQL_UUID
from sqlalchemy.dialects.postgresql import insert

from nexoraz.events.classification import Personal
from nexoraz.events.columns import operational, personal, pseudonym
from nexoraz.events.registry import Sealer
from nexoraz.events.sealed_columns import open_column, seal_column
from nexoraz.events.sql_store import connection_of
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import TaskQueue
from nexoraz.identity.application.ports import Clock, KeyedHash
from nexoraz.identity.application.sending import SEND_MAIL, WaitingMail


def mails_table(metadata: MetaData) -> Table:
    return Table(
        "mails",
        metadata,
        pseudonym("id", SQL_UUID(as_uuid=True), primary_key=True),
        pseudonym("account_id", Text, nullable=False),
        operational("kind", Text, nullable=False),
        personal("message", Personal("user.contact.email", "account", "until-sent")),
        operational("created_at", DateTime(timezone=True), nullable=False),
        Index("mails_of_account", "account_id"),
    )


def sent_mails_table(metadata: MetaData) -> Table:
    return Table(
        "sent_mails",
        metadata,
        pseudonym("id", SQL_UUID(as_uuid=True), primary_key=True),
        pseudonym("account_id", Text, nullable=False),
        operational("kind", Text, nullable=False),
        pseudonym("recipient_hash", Text, nullable=False),
        operational("outcome", Text, nullable=False),
        operational("settled_at", DateTime(timezone=True), nullable=False),
        Index("sent_mails_of_account", "account_id"),
    )


class SqlMailbox:
    """See ports.Mailbox and sending.WaitingMails."""

    def __init__(
        self,
        mails: Table,
        sent: Table,
        sealer: Sealer,
        hashes: KeyedHash,
        tasks: TaskQueue,
        now: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._mails = mails
        self._sent = sent
        self._sealer = sealer
        self._hashes = hashes
        self._tasks = tasks
        self._now = now
        self._new_id = new_id

    def post(self, tx: Transaction, account_id: str, kind: str, to: str, facts: Mapping[str, str]) -> str:
        mail_id, t = self._new_id(), self._mails
        message = json.dumps({"to": to, "facts": dict(facts)})
        sealed = seal_column(self._sealer, t.c.message, account_id, mail_id, message)
        row = {
            "id": mail_id, "account_id": account_id, "kind": kind, "message": sealed, "created_at": self._now(),
        }  # fmt: skip
        connection_of(tx).execute(insert(t), row)
        self._tasks.enqueue(tx, SEND_MAIL, mail_id, {}, account_id=account_id)
        return mail_id

    def posted_since(self, tx: Transaction, account_id: str, kind: str, since: datetime) -> int:
        waiting, sent = self._mails.c, self._sent.c
        queries = (
            select(func.count()).where(waiting.account_id == account_id, waiting.kind == kind),
            select(func.count()).where(sent.account_id == account_id, sent.kind == kind, sent.settled_at > since),
        )
        return sum(connection_of(tx).execute(query).scalar_one() for query in queries)

    def waiting(self, tx: Transaction, mail_id: str) -> WaitingMail | None:
        t = self._mails
        row = connection_of(tx).execute(select(t).where(t.c.id == mail_id)).first()
        if row is None:
            return None
        text = open_column(self._sealer, t.c.message, row.account_id, mail_id, row.message)
        message = json.loads(text or "{}")
        return WaitingMail(mail_id, row.account_id, row.kind, message["to"], message["facts"], row.created_at)

    def settle(self, tx: Transaction, mail: WaitingMail, outcome: str, at: datetime) -> None:
        connection_of(tx).execute(delete(self._mails).where(self._mails.c.id == mail.id))
        record = {
            "id": mail.id, "account_id": mail.account_id, "kind": mail.kind, "outcome": outcome, "settled_at": at,
            "recipient_hash": self._hashes.keyed_hash("mail-recipient", mail.to),
        }  # fmt: skip
        connection_of(tx).execute(insert(self._sent).on_conflict_do_nothing(), record)
