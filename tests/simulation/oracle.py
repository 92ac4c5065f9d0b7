"""What must hold, judged by the stores themselves and by nothing that the services say of themselves.

The oracle reads every table, every object and every message; it knows each word that a person wrote (canaries), each
data key that was ever issued, and tries every key that is left.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from nexoraz.privacy import verify
from nexoraz.privacy.domain.certificate import file_digest
from tests.simulation.people import Person, Request
from tests.simulation.suite import Service, World

MAY_NAME_THE_ERASED = {
    "erased_accounts": "the tombstone",
    "revocations": "refuses the tokens of the erased for a day",
    "events": "the records of the protocol itself, under no account",
    "tasks": "what searches for it",
    "dead_letters": "messages of the protocol that waits for an operator",
    "consumer_positions": "never",
    "purchases": "billing records that the law wants kept",
    "refunds": "billing records that the law wants kept",
    "vault_accounts": "the tombstone of the keys",
    "certificates": "the proof",
}
COMPARED = (
    "events", "accounts", "credentials", "photos", "jobs", "purchases", "credit_accounts", "ledger", "sent_mails",
    "account_requests", "archives",
)  # fmt: skip


class Violation(AssertionError):
    """An invariant does not hold."""


@dataclass
class Issued:
    """Every data key that was ever wrapped: by service, account and purpose."""

    keys: dict[tuple[str, str], set[bytes]] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)

    def watch(self, service: Service) -> None:
        wrap = service.kek.wrap

        def watched(epoch: int, key: bytes, binding: bytes) -> bytes:
            account = binding.decode().partition("|")[0]
            closed = service.vault.rows(
                "SELECT 1 FROM vault_accounts WHERE account_id = ? AND state <> 'open'", account
            )
            known = self.keys.setdefault((service.name, account), set())
            if closed and key not in known:
                self.late.append(f"{service.name} issued a key to {account}, whose keys are destroyed")
            known.add(key)
            return wrap(epoch, key, binding)

        service.kek.wrap = watched  # type: ignore[method-assign]


@dataclass
class Oracle:
    """Checks one run. bystander: the account that nobody touches, and what was stored of it before."""

    world: World
    issued: Issued
    people: list[Person]
    bystander: str
    before: dict[str, list[str]]
    certified: int = 0

    def after_step(self) -> None:
        """As soon as a certificate is there it must be true; and no key comes after the end of keys."""
        if self.issued.late:
            raise Violation(self.issued.late[0])
        rows = self.world.services["privacy"].database.rows(
            "SELECT number, request_id, file FROM certificates WHERE number > ? ORDER BY number", self.certified
        )
        for number, request_id, file in rows:
            self.certified = number
            self._certificate(request_id, bytes(file))

    def at_rest(self, lost: set[str]) -> None:
        """When nothing moves any more. lost: services whose database is younger than what people did there."""
        self._nothing_readable()
        for person in self.people:
            for request in person.requests:
                self._ended(request)
        for account in self._erased():
            self._gone(account)
        self._no_key_opens_anything()
        self._chain()
        self._credits(lost)
        self._unchanged()

    def _certificate(self, request_id: str, file: bytes) -> None:
        document = verify.check(file, [], None)
        account = document["request"]["account_id"]
        asked = {name for step in document["steps"] if step["step"] == "started" for name in step["participants"]}
        if not asked >= set(self.world.services):
            raise Violation(f"request {request_id} was certified without {sorted(set(self.world.services) - asked)}")
        self._identity_last(request_id, document["steps"])
        self._gone(account)

    def _identity_last(self, request_id: str, steps: list[dict[str, Any]]) -> None:
        """It mails the person, so it is asked when all others have answered."""
        answered: set[str] = set()
        for step in steps:
            if step["step"] == "receipt-taken":
                answered |= set(step["participants"])
            elif step["step"] == "erasure-asked" and "identity" in step["participants"]:
                missing = set(self.world.services) - answered - {"identity"}
                if missing:
                    raise Violation(f"identity was asked to erase for {request_id} before {sorted(missing)} answered")

    def _ended(self, request: Request) -> None:
        rows = self.world.services["privacy"].database.rows(
            "SELECT state, ended_at FROM requests WHERE id = ?", request.id
        )
        if not rows:
            raise Violation(f"request {request.id} is unknown")
        if rows[0][1] is None:
            raise Violation(f"request {request.id} ({request.type}) never ended: it is {rows[0][0]}")

    def _erased(self) -> list[str]:
        files = self.world.services["privacy"].database.rows("SELECT file FROM certificates ORDER BY number")
        return [json.loads(file)["document"]["request"]["account_id"] for (file,) in files]

    def _gone(self, account: str) -> None:
        """Nothing of the account is in any table, object or message, and none of its keys can be had."""
        for service in self.world.services.values():
            for table, text in self._named(service, account):
                raise Violation(f"{service.name}.{table} still holds {account}: {text[:200]}")
            objects = [name for name, _ in service.bucket.versions if account in name]
            if objects:
                raise Violation(f"{service.name} keeps the objects {objects} of {account}")
            subjects = [m.subject for m in self.world.bus.of(service.name) if m.subject.endswith(account)]
            if subjects:
                raise Violation(f"the bus keeps {subjects}")
            self._keys_gone(service, account)

    def _named(self, service: Service, account: str) -> Iterator[tuple[str, str]]:
        for table in service.database.tables():
            for row in service.database.rows(f"SELECT * FROM {table}"):
                text = str(row)
                if account in text and not self._allowed(service, table, row, account):
                    yield table, text

    def _allowed(self, service: Service, table: str, row: tuple[Any, ...], account: str) -> bool:
        if table == "events":
            return bool(row[5] != account)
        if table == "purchases":
            return bool(row[7] == "paid")
        return table in MAY_NAME_THE_ERASED

    def _keys_gone(self, service: Service, account: str) -> None:
        query = "SELECT purpose FROM vault_keys WHERE account_id = ? AND wrapped IS NOT NULL"
        rows = service.vault.rows(query, account)
        if rows:
            raise Violation(f"{service.name} keeps the keys {rows} of {account}")
        left = self._live_keys(service)
        if self.issued.keys.get((service.name, account), set()) & left:
            raise Violation(f"a key of {account} can still be unwrapped in {service.name}")

    def _live_keys(self, service: Service) -> set[bytes]:
        rows = service.vault.rows(
            "SELECT account_id, purpose, epoch, wrapped FROM vault_keys WHERE wrapped IS NOT NULL"
        )
        return {service.kek.unwrap(epoch, wrapped, f"{a}|{purpose}".encode()) for a, purpose, epoch, wrapped in rows}

    def _nothing_readable(self) -> None:
        """No store holds in plaintext what anybody wrote, of the living either."""
        words = [person.canary.encode() for person in self.people]
        for service in self.world.services.values():
            stored = [service.database.image(), service.vault.image()]
            stored += [content for content, _ in service.bucket.versions.values()]
            stored += [m.payload + repr((m.subject, m.headers)).encode() for m in self.world.bus.of(service.name)]
            for word in words:
                if any(word in text for text in stored):
                    raise Violation(f"{service.name} stores {word!r} in plaintext")

    def _no_key_opens_anything(self) -> None:
        """Every sealed value that is left, tried with every key that is left: none shows a word of the erased."""
        erased = set(self._erased())
        words = [p.canary.encode() for p in self.people if p.accounts and set(p.accounts) <= erased]
        if not words:
            return
        for service in self.world.services.values():
            keys = self._live_keys(service)
            for sealed in self._sealed(service):
                for key in keys:
                    plain = _opened(key, sealed)
                    if any(word in plain for word in words):
                        raise Violation(f"{service.name} keeps a value of an erased person that a key opens")

    def _sealed(self, service: Service) -> Iterator[bytes]:
        for table in service.database.tables():
            for row in service.database.rows(f"SELECT * FROM {table}"):
                for value in row:
                    if isinstance(value, bytes) and value[:1] == b"\x01":
                        yield value
                    elif isinstance(value, str) and table == "events" and value.startswith("{"):
                        yield from _sealed_fields(value)

    def _chain(self) -> None:
        files = self.world.services["privacy"].database.rows("SELECT file FROM certificates ORDER BY number")
        previous = b""
        for (file,) in files:
            document = json.loads(file)["document"]
            if document["previous_sha256"] != (file_digest(previous) if previous else ""):
                raise Violation(f"certificate {document['number']} does not follow the one before it")
            previous = bytes(file)

    def _credits(self, lost: set[str]) -> None:
        """The ledger adds up to the balance, which is never negative; each job is settled once; paid is credited."""
        billing = self.world.services["billing"].database
        for account, balance, reserved in billing.rows("SELECT account_id, balance, reserved FROM credit_accounts"):
            lines = billing.rows("SELECT kind, reference, credits FROM ledger WHERE account_id = ?", account)
            books = dict(
                billing.rows("SELECT book, sum(credits) FROM postings WHERE account_id = ? GROUP BY 1", account)
            )
            if sum(books.values()) or (books.get("free", 0), books.get("reserved", 0)) != (balance, reserved):
                raise Violation(f"the books of {account} do not balance: {books}")
            if balance != sum(credits for _, _, credits in lines) or balance < 0 or reserved < 0:
                raise Violation(f"{account} has {balance} credits, {reserved} reserved, by {lines}")
            self._each_once(account, reserved, lines, "render" in lost or "billing" in lost)
        self._paid_once(billing, "billing" in lost)

    def _each_once(self, account: str, reserved: int, lines: list[tuple[Any, ...]], lost: bool) -> None:
        ended: dict[str, list[str]] = {}
        for kind, reference, _ in lines:
            ended.setdefault(reference, []).append(kind)
        for reference, kinds in ended.items():
            if len(kinds) != len(set(kinds)) or {"release", "spending"} <= set(kinds):
                raise Violation(f"{reference} of {account} was settled as {kinds}")
        open_ = [r for r, kinds in ended.items() if kinds == ["reservation"]]
        if not lost and (open_ or reserved):
            raise Violation(f"{account} has {reserved} credits reserved for {open_} for ever")

    def _paid_once(self, billing: Any, lost: bool) -> None:
        stripe = self.world.stripe.payments
        query = "SELECT account_id, id, payment_intent, state FROM purchases"
        erased = {a for (a,) in billing.rows("SELECT account_id FROM erased_accounts")}
        for account, purchase, intent, state in billing.rows(query):
            added = billing.rows("SELECT 1 FROM ledger WHERE kind IN ('purchase', 'hold') AND reference = ?", purchase)
            if account in erased:
                continue
            if len(added) != (1 if state == "paid" else 0):
                raise Violation(f"purchase {purchase} is {state} and was credited {len(added)} times")
            if not lost and stripe[intent].status == "succeeded" and state != "paid":
                raise Violation(f"purchase {purchase} was paid, and is {state}")

    def _unchanged(self) -> None:
        now = held(self.world, self.bystander)
        for place, rows in self.before.items():
            if now[place] != rows:
                raise Violation(f"{place} of somebody else changed: {set(now[place]) ^ set(rows)}")


def held(world: World, account: str) -> dict[str, list[str]]:
    """Everything that is stored of an account, byte for byte; keys as they are inside of their wrapping."""
    found: dict[str, list[str]] = {}
    for service in world.services.values():
        for table in service.database.tables():
            if table in COMPARED:
                rows = [_comparable(table, row) for row in service.database.rows(f"SELECT * FROM {table}")]
                found[f"{service.name}.{table}"] = sorted(row for row in rows if account in row)
        keys = service.vault.rows("SELECT purpose, epoch, wrapped FROM vault_keys WHERE account_id = ?", account)
        found[f"{service.name} keys"] = sorted(
            f"{purpose} {service.kek.unwrap(epoch, wrapped, f'{account}|{purpose}'.encode()).hex()}"
            for purpose, epoch, wrapped in keys
        )
        objects = service.bucket.versions.items()
        found[f"{service.name} objects"] = sorted(str(entry) for entry in objects if account in entry[0][0])
    return found


def _comparable(table: str, row: tuple[Any, ...]) -> str:
    """A read model that is made anew seals its columns anew, from events that are compared byte for byte."""
    return str([value for value in row if table != "photos" or not isinstance(value, bytes)])


def _opened(key: bytes, sealed: bytes) -> bytes:
    """AES-GCM without its check, which would need to know whose value it is: counter mode from block 2."""
    counter = sealed[1:13] + (2).to_bytes(4)
    return Cipher(algorithms.AES(key), modes.CTR(counter)).decryptor().update(sealed[13:-16])


def _sealed_fields(body: str) -> Iterator[bytes]:
    for value in json.loads(body).values():
        if isinstance(value, str) and value.startswith("AQ") and len(value) > 38:
            try:
                yield base64.b64decode(value, validate=True)
            except (ValueError, InvalidTag):
                continue
