"""Idempotency-Key: a POST that creates has its effects once, however often it is sent.

The header is that of draft-ietf-httpapi-idempotency-key-header.

Why the key is written inside of the command's own transaction. If it were written before, a process that dies
in the middle would leave a key without an effect, and the retry would be refused or wait for ever. If it were
written after, a process that dies in between would leave an effect without a key, and the retry would repeat it. In
the same transaction both exist or neither does, whatever dies and whenever: that is the whole mechanism.

`begin` takes a transaction-scoped advisory lock named by the key, without waiting, and then reads. So
  - a finished first request is seen, since the lock was free only after its commit, and READ COMMITTED statements
    take their snapshot after the lock: its answer is replayed;
  - a running first request holds the lock: the second gets 409 with Retry-After and no thread waits;
  - a first request that failed or died released the lock and wrote nothing: the second is a first. (PostgreSQL ends
    the transaction when the socket of a killed process closes; of a lost machine, when the idle limit is over.)
`finish` inserts the complete row, key and sealed answer together, so that no half row can ever be read; its primary key
is a second barrier, should `begin` run on a repeatable-read snapshot or two keys share a lock (which only costs a 409).

A refusal (4xx) rolls back and is not remembered: sent again, the request is judged again.

What is stored tells nothing in plaintext: the key and the request are keyed hashes, the answer is sealed by the
two callables given (the vault's, under the account's own key, so that erasure shreds it). Rows expire after a day.
A route that is not behind sign-in shares one scope among strangers: there, only who sends the same key AND the
same body is answered again.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar

import msgspec
from flask import current_app, g, request
from flask.wrappers import Response

from nexoraz.service.connections import AnyAsyncConnection, AnyConnection, run, run_async
from nexoraz.service.documentation import document, request_header
from nexoraz.service.problems import Problem
from nexoraz.service.tables import idempotency_table

__all__ = [
    "IdempotencyKeys", "Once", "forget", "forget_async", "idempotency_table", "idempotent", "idempotent_stream",
]  # fmt: skip

P = ParamSpec("P")
R = TypeVar("R")
LONGEST_KEY = 255
_HEADER = request_header("Idempotency-Key", "Names this request; sent again, it is answered again without effect", 255)
_LOCK = "select pg_try_advisory_xact_lock(%(lock)s)"
_SELECT = """
select fingerprint, status, answer from idempotency_keys
where account_id = %(account_id)s and route = %(route)s and key_hash = %(key_hash)s
and created_at > now() - interval '24 hours'"""
_INSERT = """
insert into idempotency_keys as k (account_id, route, key_hash, fingerprint, status, answer, created_at)
values (%(account_id)s, %(route)s, %(key_hash)s, %(fingerprint)s, %(status)s, %(answer)s, now())
on conflict (account_id, route, key_hash) do update
set fingerprint = excluded.fingerprint, status = excluded.status, answer = excluded.answer, created_at = now()
where k.created_at <= now() - interval '24 hours'
returning 1"""
_FORGET = "delete from idempotency_keys where account_id = %(account_id)s"


class _Answer(msgspec.Struct, array_like=True):
    headers: dict[str, str]
    body: bytes


class _Replayed(Exception):
    """Leaves the unit of work when the answer is already known; only `idempotent` catches it."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


class Sealing(Protocol):
    """What the kernel's runtime does for remembered answers."""

    def hash_key(self) -> bytes: ...
    def seal_answer(self, owner: str, answer: bytes) -> bytes: ...
    def open_answer(self, owner: str, sealed: bytes) -> bytes: ...


class IdempotencyKeys:
    """How keys are hashed and answers sealed in this service.

    hash_key: 16 to 64 secret bytes, the same in all replicas. seal(owner, plain) and open(owner, sealed): owner
    is the account id, or "" when nobody is signed in; open must raise for what it did not seal.
    """

    def __init__(
        self,
        hash_key: bytes,
        seal: Callable[[str, bytes], bytes],
        open: Callable[[str, bytes], bytes],
    ) -> None:
        if not 16 <= len(hash_key) <= 64:
            raise ValueError("the hash key of idempotency keys has 16 to 64 bytes")
        self._hash_key = hash_key
        self.seal = seal
        self.open = open

    @classmethod
    def of(cls, sealing: Sealing) -> "IdempotencyKeys":
        """Asks for the hash key, so it belongs behind the fork of a web worker."""
        return cls(sealing.hash_key(), sealing.seal_answer, sealing.open_answer)

    def digest(self, *parts: bytes) -> bytes:
        """A keyed hash of `parts`, unambiguous about where one ends."""
        hashing = hashlib.blake2b(key=self._hash_key, digest_size=32)
        for part in parts:
            hashing.update(len(part).to_bytes(8, "big") + part)
        return hashing.digest()


class Once:
    """One keyed request. `begin` first and `finish` last in the unit of work, on its connection."""

    def __init__(self, keys: IdempotencyKeys, account_id: str, route: str, key: str, content: bytes) -> None:
        self._keys = keys
        self._account_id = account_id
        self._content = content
        self._scope = {
            "account_id": account_id,
            "route": route,
            "key_hash": keys.digest(account_id.encode(), route.encode(), key.encode()),
        }
        self._fingerprint: bytes | None = None

    def begin(self, conn: AnyConnection, content_digest: bytes = b"") -> None:
        """Go on only if this request has had no effect yet.

        Raises the replay of a known answer, 422 when the key named another request, 409 while the first one runs.
        content_digest: a hash of a streamed body, for `idempotent_stream`.
        """
        lock = int.from_bytes(self._scope["key_hash"][:8], "big", signed=True)  # type: ignore[arg-type]
        if not run(conn, _LOCK, {"lock": lock})[0][0]:
            raise _in_progress()
        self._fingerprint = self._keys.digest(self._content, content_digest)
        self._replay(run(conn, _SELECT, self._scope), self._fingerprint)

    def recall(self, conn: AnyConnection, content_digest: bytes = b"") -> None:
        """Replay the answer if it is known; else return. Takes no lock: `begin` must still follow."""
        self._replay(run(conn, _SELECT, self._scope), self._keys.digest(self._content, content_digest))

    def _replay(self, rows: Any, fingerprint: bytes) -> None:
        if not rows:
            return
        stored_fingerprint, status, sealed = rows[0]
        if bytes(stored_fingerprint) != fingerprint:
            raise Problem("idempotency-key-reused", 422, "This Idempotency-Key named another request")
        answer = msgspec.msgpack.decode(self._keys.open(self._account_id, bytes(sealed)), type=_Answer)
        response = _response(answer, status)
        response.headers["Idempotency-Replayed"] = "true"
        raise _Replayed(response)

    def finish(
        self,
        conn: AnyConnection,
        body: Any,
        status: int = 201,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Remember the answer in the same transaction, and return it as the view's response.

        body: what becomes JSON, already dumped by its schema; None for no body.
        """
        if self._fingerprint is None:
            raise RuntimeError("Once.begin was not called in this unit of work")
        answer = _Answer(dict(headers or {}), b"" if body is None else msgspec.json.encode(body))
        sealed = self._keys.seal(self._account_id, msgspec.msgpack.encode(answer))
        row = {**self._scope, "fingerprint": self._fingerprint, "status": status, "answer": sealed}
        if not run(conn, _INSERT, row):
            raise _in_progress()
        return _response(answer, status)


def _response(answer: _Answer, status: int) -> Response:
    response = Response(answer.body, status, mimetype="application/json" if answer.body else None)
    response.headers.update(answer.headers)
    return response


def _in_progress() -> Problem:
    title = "The first request with this Idempotency-Key is still running"
    return Problem("idempotency-key-in-use", 409, title, headers={"Retry-After": "1"})


def idempotent(view: Callable[P, R]) -> Callable[..., R | Response]:
    """The view gets `once: Once`; its fingerprint covers method, path, query and body."""
    return _keyed(view, with_body=True)


def idempotent_stream(view: Callable[P, R]) -> Callable[..., R | Response]:
    """As `idempotent`, leaving the body unread: give `begin` a digest of what was received."""
    return _keyed(view, with_body=False)


def _keyed(view: Callable[P, R], with_body: bool) -> Callable[..., R | Response]:
    @functools.wraps(view)
    def keyed(*args: Any, **kwargs: Any) -> R | Response:
        try:
            return view(*args, once=_once(with_body), **kwargs)  # type: ignore[arg-type]  # adds a keyword
        except _Replayed as replayed:
            return replayed.response

    document(keyed, refusals=["BAD_REQUEST", "CONFLICT", "UNPROCESSABLE_ENTITY"], headers=[_HEADER])
    return keyed


def _once(with_body: bool) -> Once:
    keys: IdempotencyKeys = current_app.extensions["nexoraz.idempotency"]
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        title = f"Send an Idempotency-Key of 1 to {LONGEST_KEY} printable characters"
        raise Problem("idempotency-key-required", 400, title)
    caller = g.get("caller")
    rule = request.url_rule.rule if request.url_rule else ""
    body = request.get_data(cache=True) if with_body else (request.mimetype or "").encode()
    content = keys.digest(request.method.encode(), request.path.encode(), request.query_string, body)
    return Once(keys, caller.account_id if caller else "", f"{request.method} {rule}", key, content)


def forget(conn: AnyConnection, account_id: str) -> None:
    """Delete all rows of an account, for its erasure."""
    run(conn, _FORGET, {"account_id": account_id})


async def forget_async(conn: AnyAsyncConnection, account_id: str) -> None:
    """`forget` for worker processes."""
    await run_async(conn, _FORGET, {"account_id": account_id})
