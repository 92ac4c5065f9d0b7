# ruff: noqa: ARG002 - fakes take what their ports take, and need less of it
"""Every port in memory, for tests. Each fake passes the contract suite of the real adapter (tests/port_contracts.py).

What a fake writes in a transaction becomes visible when that transaction commits, as in the database.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID, uuid4

from nexoraz.events.event import Recorded
from nexoraz.events.registry import KeyDestroyed, Sealer
from nexoraz.events.store import Transaction, VersionConflict
from nexoraz.identity.application.letters import Letter
from nexoraz.identity.application.ports import Clock, Jwk, KnownAccount, ListedSession, Rule
from nexoraz.identity.application.sending import RecipientRefused, TransportUnavailable, WaitingMail
from nexoraz.identity.application.standings import Standing
from nexoraz.identity.application.usage import Total
from nexoraz.identity.domain.account import AccountRegistered, AccountVerified, AddressChanged
from nexoraz.identity.domain.operator import OperatorGranted, OperatorRevoked
from nexoraz.identity.domain.password import PasswordReplaced
from nexoraz.identity.domain.session import SessionRefreshed, SessionRevoked, SessionStarted


class MemoryHashes:
    def keyed_hash(self, purpose: str, value: str) -> str:
        return sha256(f"secret|{purpose}|{value}".encode()).hexdigest()


class MemoryPasswords:
    """Counts its work, so that a test can see that an unknown account costs as much as a known one."""

    def __init__(self) -> None:
        self.work = 0

    def hash(self, password: str) -> str:
        self.work += 1
        return f"hash of {password}"

    def verify(self, hashed: str | None, password: str) -> bool:
        self.work += 1
        return hashed == f"hash of {password}"


class MemoryAccounts:
    """The projection: an inline reader of events, and the look-up."""

    def __init__(self) -> None:
        self._by_email: dict[str, KnownAccount] = {}

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case AccountRegistered(account_id, email):
                if email in self._by_email:
                    raise VersionConflict("accounts", 0)
                tx.after_commit(lambda: self._by_email.update({email: KnownAccount(account_id, "")}))
            case AccountVerified(account_id, credential_id) | PasswordReplaced(account_id, credential_id):
                tx.after_commit(lambda: self._verified(account_id, credential_id))
            case AddressChanged(account_id, email):
                if email in self._by_email:
                    raise VersionConflict("accounts", 0)
                tx.after_commit(lambda: self._moved(account_id, email))

    def _moved(self, account_id: str, email: str) -> None:
        old = next(known_as for known_as, known in self._by_email.items() if known.account_id == account_id)
        self._by_email[email] = self._by_email.pop(old)

    def _verified(self, account_id: str, verification_id: str) -> None:
        for email, known in self._by_email.items():
            if known.account_id == account_id:
                self._by_email[email] = replace(known, verified_by=verification_id)

    def find(self, tx: Transaction, email: str) -> KnownAccount | None:
        known = self._by_email.get(email)
        return None if known is None or tx.is_erased(known.account_id) else known

    def after(self, tx: Transaction, account_id: str, most: int) -> list[str]:
        verified = sorted(known.account_id for known in self._by_email.values() if known.verified_by)
        return [each for each in verified if each > account_id and not tx.is_erased(each)][:most]

    def password_of(self, tx: Transaction, account_id: str) -> str:
        return next((k.verified_by for k in self._by_email.values() if k.account_id == account_id), "")


class MemorySessions:
    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, ListedSession, datetime]] = {}

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case SessionStarted(session_id, account_id, device, _, started_at, expires_at, network, country):
                row = ListedSession(UUID(session_id), device, started_at, started_at, network or "", country or "")
                tx.after_commit(lambda: self._rows.update({session_id: (account_id, row, expires_at)}))
            case SessionRefreshed(session_id, _, _, refreshed_at):
                tx.after_commit(lambda: self._used(session_id, refreshed_at))
            case SessionRevoked(session_id):
                tx.after_commit(lambda: self._forget(session_id))

    def _used(self, session_id: str, at: datetime) -> None:
        account_id, row, expires_at = self._rows[session_id]
        self._rows[session_id] = (account_id, replace(row, last_used_at=at), expires_at)

    def _forget(self, session_id: str) -> None:
        self._rows.pop(session_id, None)

    def of_account(
        self, tx: Transaction, account_id: str, after: tuple[datetime, UUID] | None, limit: int, now: datetime
    ) -> list[ListedSession]:
        own = [row for owner, row, expires_at in self._rows.values() if owner == account_id and expires_at > now]
        own.sort(key=lambda row: (row.created_at, row.id), reverse=True)
        return [row for row in own if after is None or (row.created_at, row.id) < after][:limit]


class MemoryOperators:
    """The projection of who has the role."""

    def __init__(self) -> None:
        self._granted: dict[str, datetime] = {}

    def apply(self, tx: Transaction, recorded: Recorded) -> None:
        match recorded.event:
            case OperatorGranted(account_id, at):
                tx.after_commit(lambda: self._granted.update({account_id: at}))
            case OperatorRevoked(account_id):
                tx.after_commit(lambda: self._revoked(account_id))

    def _revoked(self, account_id: str) -> None:
        self._granted.pop(account_id, None)

    def has(self, tx: Transaction, account_id: str) -> bool:
        return account_id in self._granted

    def all(self, tx: Transaction) -> list[tuple[str, datetime]]:
        return sorted(self._granted.items(), key=lambda row: row[1])


class MemoryCredentials:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._rows: dict[tuple[str, str], bytes] = {}

    def put(self, tx: Transaction, account_id: str, verification_id: str, password_hash: str) -> None:
        sealed = self._sealer.seal(account_id, "account", password_hash.encode(), verification_id)
        tx.after_commit(lambda: self._rows.update({(account_id, verification_id): sealed}))

    def find(self, tx: Transaction, account_id: str, verification_id: str) -> str | None:
        sealed = self._rows.get((account_id, verification_id))
        if sealed is None:
            return None
        try:
            return self._sealer.open(account_id, "account", sealed, verification_id).decode()
        except KeyDestroyed:
            return None

    def keep_only(self, tx: Transaction, account_id: str, verification_id: str) -> None:
        def forget() -> None:
            for key in [k for k in self._rows if k[0] == account_id and k[1] != verification_id]:
                del self._rows[key]

        tx.after_commit(forget)


class MemoryMails:
    """Both ends of the mailbox; `due` are the ids of the tasks that would send."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._waiting: dict[str, WaitingMail] = {}
        self.settled: list[tuple[WaitingMail, str]] = []

    @property
    def due(self) -> list[str]:
        return list(self._waiting)

    def post(self, tx: Transaction, account_id: str, kind: str, to: str, facts: Mapping[str, str]) -> str:
        mail = WaitingMail(str(uuid4()), account_id, kind, to, dict(facts), self._now())
        tx.after_commit(lambda: self._waiting.update({mail.id: mail}))
        return mail.id

    def posted_since(self, tx: Transaction, account_id: str, kind: str, since: datetime) -> int:
        settled = [mail for mail, _ in self.settled if mail.created_at > since]
        return sum((m.account_id, m.kind) == (account_id, kind) for m in [*self._waiting.values(), *settled])

    def waiting(self, tx: Transaction, mail_id: str) -> WaitingMail | None:
        return self._waiting.get(mail_id)

    def settle(self, tx: Transaction, mail: WaitingMail, outcome: str, at: datetime) -> None:
        def forget() -> None:
            if self._waiting.pop(mail.id, None) is not None:
                self.settled.append((mail, outcome))

        tx.after_commit(forget)


class MemorySuppressions:
    def __init__(self) -> None:
        self._stopped: set[str] = set()

    def add(self, tx: Transaction, recipient_hash: str) -> None:
        tx.after_commit(lambda: self._stopped.add(recipient_hash))

    def has(self, tx: Transaction, recipient_hash: str) -> bool:
        return recipient_hash in self._stopped


class MemoryUsage:
    def __init__(self) -> None:
        self._allowed: set[str] = set()
        self.uses: Counter[tuple[str, str, date]] = Counter()

    def allow(self, tx: Transaction, account_id: str) -> None:
        tx.after_commit(lambda: self._allowed.add(account_id))

    def forbid(self, tx: Transaction, account_id: str) -> None:
        tx.after_commit(lambda: self._allowed.discard(account_id))

    def is_allowed(self, tx: Transaction, account_id: str) -> bool:
        return account_id in self._allowed

    def count(self, tx: Transaction, account_id: str, feature: str, day: date) -> None:
        tx.after_commit(lambda: self.uses.update([(account_id, feature, day)]))

    def totals(self, tx: Transaction, since: date) -> list[Total]:
        groups: dict[tuple[date, str], list[int]] = {}
        for (_, feature, day), uses in self.uses.items():
            groups.setdefault((day, feature), []).append(uses)
        found = [Total(day, f, len(uses), sum(uses)) for (day, f), uses in groups.items() if day >= since]
        return sorted(found, key=lambda total: (-total.day.toordinal(), total.feature))


class MemoryThrottle:
    def __init__(self, now: Clock) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], tuple[int, datetime]] = {}

    def count(self, rule: Rule, subject: str) -> int:
        now = self._now()
        attempts, ends_at = self._windows.get((rule.name, subject), (0, now))
        if ends_at <= now:
            attempts, ends_at = 0, now + rule.window
        self._windows[(rule.name, subject)] = (attempts + 1, ends_at)
        return 0 if attempts < rule.attempts else max(1, int((ends_at - now).total_seconds()))

    def clear(self, rule: Rule, subject: str) -> None:
        self._windows.pop((rule.name, subject), None)


class MemoryStandings:
    def __init__(self) -> None:
        self._all: dict[str, Standing] = {}

    def of(self, tx: Transaction, account_id: str) -> Standing:
        return self._all.get(account_id, Standing())

    def set_plan(self, tx: Transaction, account_id: str, plan: str) -> None:
        self._change(tx, account_id, plan, 0)

    def add_credits(self, tx: Transaction, account_id: str, credits: int) -> None:
        self._change(tx, account_id, None, credits)

    def _change(self, tx: Transaction, account_id: str, plan: str | None, credits: int) -> None:
        if not tx.is_erased(account_id):
            was = self.of(tx, account_id)
            now = Standing(plan or was.plan, was.credits + credits, was.changes + 1)
            tx.after_commit(lambda: self._all.update({account_id: now}))


class MemoryPrivateKeys:
    def __init__(self) -> None:
        self._keys: dict[str, Jwk] = {}

    def put(self, tx: Transaction, private: Jwk) -> None:
        tx.after_commit(lambda: self._keys.update({private["kid"]: dict(private)}))

    def get(self, tx: Transaction, kid: str) -> Jwk:
        return self._keys[kid]


@dataclass
class MemoryTransport:
    """A mail system that is away when `away`, and refuses the addresses in `refuses`."""

    away: bool = False
    refuses: set[str] = field(default_factory=set)
    sent: list[tuple[str, str, Letter]] = field(default_factory=list)

    def send(self, message_id: str, to: str, letter: Letter, date: datetime) -> None:
        if self.away:
            raise TransportUnavailable
        if to in self.refuses:
            raise RecipientRefused
        self.sent.append((message_id, to, letter))
