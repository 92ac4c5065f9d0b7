"""The kernel's hand-written PostgreSQL statements, as SQLite understands them.

Most need other spellings only. Those that use what SQLite has not (an UPDATE inside of a query, DISTINCT ON, LATERAL)
are done here step by step, with the same outcome in one transaction.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from psycopg.types.json import Jsonb

from nexoraz.events import inbox, leases, redrive, tasks
from tests.simulation.dialect import micros

Rows = list[tuple[Any, ...]]
Names = tuple[str, ...]
JSON_COLUMNS = frozenset({"payload", "headers"})

RESPELT: Sequence[tuple[re.Pattern[str], str]] = [
    (re.compile(r"%\((\w+)\)s"), r":\1"),
    (re.compile(r"%s"), "?"),
    (re.compile(r"make_interval\(secs => (\?|:\w+)\)"), r"span(\1)"),
    (re.compile(r"interval '24 hours'|interval '1 day'"), "86400000000"),
    (re.compile(r"::(TIMESTAMP WITH TIME ZONE|\w+)(\[\])?"), ""),
    (re.compile(r"= ANY\((\?)\)"), r"IN (SELECT value FROM json_each(\1))"),
    (re.compile(r"FROM unnest\((\?)\) AS p"), r"FROM (SELECT value AS p FROM json_each(\1)) WHERE true"),
    (re.compile(r"FROM generate_series\(0, (\?)\) AS s"), r"FROM (SELECT value AS s FROM upto(\1)) WHERE true"),
    (re.compile(r"FOR UPDATE SKIP LOCKED"), ""),
    (re.compile(r"\bright\("), "last_of("),
    (re.compile(r"\bpublic\."), "main."),
    (re.compile(r"\brebuild\."), "temp."),
    (re.compile(r"^TRUNCATE "), "DELETE FROM "),
    (re.compile(r"upto\((\?)\)"), r"json_each((SELECT json_group_array(n) FROM (WITH RECURSIVE c(n) AS (SELECT 0 UNION"
     r" ALL SELECT n + 1 FROM c WHERE n < \1) SELECT n FROM c)))"),
]  # fmt: skip
WITHOUT_EFFECT = ("SET LOCAL", "LOCK TABLE", "CREATE SCHEMA", "NOTIFY")
MODIFYING_QUERY = re.compile(r"^WITH (\w+) AS\s*\((DELETE .* RETURNING [^()]*)\)\s*(SELECT .*)$", re.DOTALL)


@lru_cache(maxsize=512)
def respelt(statement: str) -> str:
    """The statement in SQLite's words; "" for one that has no effect here."""
    text = statement.strip()
    if text.startswith(WITHOUT_EFFECT):
        return ""
    for pattern, words in RESPELT:
        text = pattern.sub(words, text)
    return text


def plain(parameters: Any) -> Any:
    """Parameters as SQLite takes them."""
    if isinstance(parameters, dict):
        return {name: _value(value) for name, value in parameters.items()}
    return tuple(_value(value) for value in parameters)


def _value(value: Any) -> Any:
    if isinstance(value, list | frozenset | set):
        return json.dumps(list(value))
    if hasattr(value, "hex") and hasattr(value, "urn"):
        return str(value)
    if isinstance(value, Jsonb):
        return json.dumps(value.obj)
    if hasattr(value, "tzinfo"):
        return micros(value)
    return value


def advance(db: sqlite3.Connection, parameters: Sequence[Any]) -> tuple[Names, Rows]:
    """inbox.ADVANCE: positions by compare-and-set, and which keys have letters waiting."""
    identity, partitions, before, after, sequences, producer, _, keys = parameters
    moved = 0
    for partition, old, new, sequence in zip(partitions, before, after, sequences, strict=True):
        moved += db.execute(
            "UPDATE consumer_positions SET position = ?, stream_sequence = ?, stream_created = ?"
            " WHERE producer = ? AND partition = ? AND position = ?",
            (new, sequence, identity, producer, partition, old),
        ).rowcount
    waiting = db.execute(
        "SELECT DISTINCT key FROM dead_letters WHERE producer = ? AND key IN (SELECT value FROM json_each(?))",
        (producer, json.dumps(keys)),
    ).fetchall()
    return ("count", "array"), [(moved, [key for (key,) in waiting])]


def seen(db: sqlite3.Connection, parameters: Sequence[Any]) -> tuple[Names, Rows]:
    """inbox.SEEN."""
    sequence, identity, partitions, positions, producer = parameters
    db.executemany(
        "UPDATE consumer_positions SET stream_sequence = ?, stream_created = ?"
        " WHERE producer = ? AND partition = ? AND position = ?",
        [(sequence, identity, producer, p, at) for p, at in zip(partitions, positions, strict=True)],
    )
    return (), []


def claim(db: sqlite3.Connection, parameters: Sequence[Any]) -> tuple[Names, Rows]:
    """tasks.CLAIM: the oldest due tasks of each kind, at most as many as are free."""
    owner, lease_s, kinds, counts = parameters
    ids: list[int] = []
    for kind, free in zip(kinds, counts, strict=True):
        due = db.execute(
            "SELECT id FROM tasks WHERE kind = ? AND ((state = 'due' AND run_at <= now())"
            " OR (state = 'running' AND lease_until < now())) ORDER BY run_at, id LIMIT ?",
            (kind, free),
        )
        ids += [id_ for (id_,) in due.fetchall()]
    rows = db.execute(
        "UPDATE tasks SET state = 'running', owner = ?, attempts = attempts + 1, lease_until = now() + span(?)"
        " WHERE id IN (SELECT value FROM json_each(?)) RETURNING id, kind, key, account_id, payload, attempts,"
        " account_id <> '' AND EXISTS (SELECT 1 FROM erased_accounts e WHERE e.account_id = tasks.account_id)",
        (owner, lease_s, json.dumps(ids)),
    ).fetchall()
    names = ("id", "kind", "key", "account_id", "payload", "attempts", "erased")
    return names, [(*row[:4], json.loads(row[4]), row[5], bool(row[6])) for row in sorted(rows)]


def due(db: sqlite3.Connection, parameters: Sequence[Any]) -> tuple[Names, Rows]:
    """redrive.DUE: the keys whose first letter may be tried."""
    producers, partitions = parameters
    rows = db.execute(
        "SELECT producer, key, state, next_attempt_at <= now() FROM dead_letters"
        " WHERE producer IN (SELECT value FROM json_each(?)) AND partition IN (SELECT value FROM json_each(?))"
        " ORDER BY producer, key, position, id",
        (json.dumps(producers), json.dumps(partitions)),
    ).fetchall()
    first: dict[tuple[str, str], bool] = {}
    for producer, key, state, come in rows:
        first.setdefault((producer, key), state == "behind" or (state == "retrying" and bool(come)))
    return ("producer", "key"), [key for key, ready in first.items() if ready][:100]


STEP_BY_STEP: dict[str, Callable[[sqlite3.Connection, Sequence[Any]], tuple[Names, Rows]]] = {
    inbox.ADVANCE: advance,
    inbox.SEEN: seen,
    tasks.CLAIM: claim,
    redrive.DUE: due,
}
assert leases.CLAIM  # respelt, and so are all others
