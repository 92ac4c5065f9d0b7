"""A service's database: SQLite in memory behind SQLAlchemy, with faults, backups and the simulation's clock.

One connection serves all; whoever writes first holds a transaction until it commits or is rolled back. Steps of the
simulation never pause inside of a transaction, so they see it as PostgreSQL's readers would: whole or not at all.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.pool import NullPool

from tests.simulation import statements
from tests.simulation.dialect import moment

registry.register("nexoraz.simulated", "tests.simulation.dialect", "Dialect")
WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "WITH")
Point = Callable[[str], None]


class Database:
    """Holds the rows. point: told at every place at which a process may die or be overtaken."""

    def __init__(self, name: str, clock: Callable[[], int], point: Point) -> None:
        self.name = name
        self.point = point
        self.clock = clock
        self.writer: Connection | None = None
        self.open = 0
        self.incarnation = 1
        self.lose_answer: Callable[[], bool] = lambda: False
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._functions()
        self.engine = self._engine()

    def create(self, metadata: MetaData) -> None:
        """The tables of the service, as its own code declares them."""
        for table in metadata.tables.values():
            if "position" in table.c or "id" in table.c:
                table.dialect_options["sqlite"]["autoincrement"] = table.primary_key.columns[0].identity is not None
            for index in table.indexes:
                condition = index.dialect_options["postgresql"]["where"]
                if condition is not None:
                    index.dialect_options["sqlite"]["where"] = condition
        metadata.create_all(self.engine)

    def backup(self) -> sqlite3.Connection:
        """A copy of everything, for `restore`."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self.raw.backup(copy)
        return copy

    def restore(self, backup: sqlite3.Connection) -> None:
        self.abandon()
        backup.backup(self.raw)

    def image(self) -> bytes:
        """Every byte of every page."""
        return self.raw.serialize()

    def abandon(self) -> None:
        """Whoever held a transaction is gone."""
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")
        self.writer = None

    def shadow(self, table: str) -> None:
        """A temporary table of the same make and name, which from now on is what the name means."""
        made = self.rows("SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql <> '' ORDER BY type DESC", table)
        for (statement,) in made:
            words = statement.split(None, 3 if "UNIQUE INDEX" in statement else 2)
            *verb, rest = words
            if "INDEX" in statement.upper().split("(")[0]:
                self.raw.execute(f"{' '.join(verb)} temp.{rest}")
            else:
                self.raw.execute(f"CREATE TEMP TABLE {rest}")

    def drop_shadows(self) -> None:
        """What a rebuild that died has left; on PostgreSQL it lies in a schema that nobody else reads."""
        self.abandon()
        for (name,) in self.rows("SELECT name FROM sqlite_temp_master WHERE type = 'table'"):
            self.raw.execute(f"DROP TABLE temp.{name}")

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """For those who look at the store from outside."""
        return self.raw.execute(query, parameters).fetchall()

    def tables(self) -> list[str]:
        found = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1")
        return [name for (name,) in found]

    def _engine(self) -> Engine:
        return create_engine(
            f"nexoraz+simulated:///{self.name}", creator=lambda: Connection(self), poolclass=NullPool, future=True
        )

    def _functions(self) -> None:
        def function(name: str, count: int, work: Callable[..., Any], steady: bool = True) -> None:
            self.raw.create_function(name, count, work, deterministic=steady)

        function("now", 0, self.clock, steady=False)
        function("span", 1, lambda seconds: int(seconds * 1_000_000))
        function("greatest", -1, lambda *values: max((v for v in values if v is not None), default=None))
        function("strpos", 2, lambda text, part: 0 if text is None else str(text).find(part) + 1)
        function("last_of", 2, lambda text, count: None if text is None else str(text)[-count:])
        function("concat_ws", -1, lambda between, *parts: between.join(str(p) for p in parts if p is not None))
        function(
            "split_part", 3, lambda text, between, n: None if text is None else (text.split(between) + [""] * n)[n - 1]
        )
        function("octet_length", 1, lambda value: None if value is None else len(value))
        function("to_timestamp", 1, lambda seconds: int(seconds * 1_000_000))
        function("jsonb_build_object", 2, lambda name, value: json.dumps({name: value}))
        function("pg_relation_size", 1, lambda _name: 0)
        function("hashtextextended", 2, lambda _text, seed: seed)
        for lock in ("pg_advisory_xact_lock", "pg_advisory_xact_lock_shared", "pg_try_advisory_xact_lock"):
            function(lock, 1, lambda _key: 1)


class Connection:
    """What SQLAlchemy takes for the driver's connection."""

    isolation_level: Any = None

    def __init__(self, database: Database) -> None:
        self.database = database
        database.point(f"{database.name}.connect")
        database.open += 1
        self._closed = False

    @property  # type: ignore[misc]  # the kernel makes sure that it has the driver's own connection
    def __class__(self) -> Any:
        return psycopg.Connection

    def cursor(self, *_: object, row_factory: object = None) -> "Cursor":
        return Cursor(self, named=row_factory is not None)

    def execute(self, statement: str | bytes, parameters: Any = (), **_: object) -> "Cursor":
        """As the kernel's hot paths use the driver."""
        return Cursor(self, named=True).execute(statement, parameters)

    def begin(self) -> None:
        database = self.database
        if database.writer is self:
            return
        if database.writer is not None:
            raise AssertionError(f"two transactions write to {database.name} at once")
        database.raw.execute("BEGIN")
        database.writer = self

    def commit(self) -> None:
        database = self.database
        if database.writer is not self:
            return
        database.point(f"{database.name}.commit")
        database.raw.execute("COMMIT")
        database.writer = None
        if database.lose_answer():
            raise psycopg.OperationalError("the answer to a commit was lost")

    def rollback(self) -> None:
        if self.database.writer is self:
            self.database.abandon()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.rollback()
        self.database.open -= 1
        self.database.point(f"{self.database.name}.done")

    def create_function(self, *_: object, **__: object) -> None:
        """SQLAlchemy brings functions of its own, which nobody here uses."""


class Cursor:
    """Translates what is written for PostgreSQL's driver, and passes on what SQLAlchemy compiled."""

    arraysize = 1

    def __init__(self, connection: Connection, named: bool = False) -> None:
        self._connection = connection
        self._named = named
        self._cursor = connection.database.raw.cursor()
        self._rows: list[tuple[Any, ...]] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: Any = None

    def execute(self, statement: str | bytes, parameters: Any = (), **_: object) -> "Cursor":
        statement = statement if isinstance(statement, str) else statement.decode()
        by_hand = statements.STEP_BY_STEP.get(statement)
        if by_hand is not None:
            self._connection.begin()
            names, self._rows = by_hand(self._connection.database.raw, parameters)
            self.description = [(name, None, None, None, None, None, None) for name in names] or None
            self.rowcount = len(self._rows)
            return self
        text = statements.respelt(statement)
        if not text:
            self.description, self._rows = None, []
            return self
        if text.startswith("DELETE FROM main.") and "," in text:
            for table in text.removeprefix("DELETE FROM ").split(","):
                self._run(f"DELETE FROM {table}", ())
            return self
        if "(LIKE main." in text:
            self._connection.database.shadow(text.split("main.")[1].split()[0])
            self.description, self._rows = None, []
            return self
        query = statements.MODIFYING_QUERY.match(text)
        if query is not None:
            return self._modify(query, parameters)
        self._run(text, parameters)
        return self

    def executemany(self, statement: str, parameters: Any) -> "Cursor":
        self._connection.begin()
        self._cursor.executemany(statements.respelt(statement), [statements.plain(p) for p in parameters])
        self.rowcount, self.description = self._cursor.rowcount, None
        return self

    def _run(self, text: str, parameters: Any) -> None:
        head = text.lstrip()[:6].upper()
        if head.startswith(WRITES):
            self._connection.begin()
        self._cursor.execute(text, statements.plain(parameters))
        self.description, self.rowcount = self._cursor.description, self._cursor.rowcount
        self.lastrowid = self._cursor.lastrowid
        self._rows = []
        if self.description is not None:
            self._rows = (
                self._decoded(self._cursor.fetchall(), text) if "dead_letters" in text else self._cursor.fetchall()
            )
            self.rowcount = len(self._rows) if head.startswith(WRITES) else -1
            if self._named:
                names = [column[0] for column in self.description]
                self._rows = [by_name(names, row) for row in self._rows]

    def _decoded(self, rows: list[tuple[Any, ...]], text: str) -> list[tuple[Any, ...]]:
        """The driver gives JSON as values; SQLAlchemy, which asks by its own names, decodes it itself."""
        if "dead_letters." in text:
            return rows
        at = [n for n, column in enumerate(self.description) if column[0] == "headers"]
        return [tuple(json.loads(v) if n in at else v for n, v in enumerate(row)) for row in rows] if at else rows

    def _modify(self, query: Any, parameters: Any) -> "Cursor":
        """A query over what a DELETE returns: the DELETE, and the query over a table of its rows."""
        name, deletion, rest = query.groups()
        self._connection.begin()
        raw = self._connection.database.raw
        gone = raw.execute(deletion, statements.plain(parameters))
        columns = [column[0] for column in gone.description]
        rows = gone.fetchall()
        raw.execute(f"CREATE TEMP TABLE {name} ({', '.join(columns)})")
        raw.executemany(f"INSERT INTO temp.{name} VALUES ({', '.join('?' * len(columns))})", rows)
        self._cursor.execute(rest)
        self._rows, self.description = self._cursor.fetchall(), self._cursor.description
        raw.execute(f"DROP TABLE temp.{name}")
        return self

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[Any]:
        taken, self._rows = self._rows[: size or 1], self._rows[size or 1 :]
        return taken

    def fetchall(self) -> list[Any]:
        taken, self._rows = self._rows, []
        return taken

    def setinputsizes(self, *_: object) -> None:
        return None

    def close(self) -> None:
        self._cursor.close()

    def __iter__(self) -> Any:
        return iter(self.fetchall())


def by_name(columns: list[str], row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row with the driver's types, which here only the columns' names tell."""
    return tuple(_typed(name, value) for name, value in zip(columns, row, strict=True))


def _typed(name: str, value: Any) -> Any:
    if name.endswith("_at") and isinstance(value, int):
        return moment(value)
    if name in ("facts", "wanted") and isinstance(value, str):
        return json.loads(value)
    if name == "id" and isinstance(value, str) and value.count("-") == 4:
        return UUID(value)
    return value


class Autocommit:
    """The pooled connection of a statement that is a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> Connection:
        self._pooled = self._engine.raw_connection()
        driver: Connection = self._pooled.driver_connection  # type: ignore[assignment]  # ours, in the driver's place
        return driver

    def __exit__(self, *_: object) -> None:
        self._pooled.close()


@contextmanager
def question(asked: Any) -> Iterator[Any]:
    """A connection of `questions.Questions`."""
    with Autocommit(asked._free[0]._engine) as driver:
        yield driver


INSERT = (
    "INSERT INTO events (id, stream, version, type, account_id, occurred_at, data, causation_id, traceparent)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (stream, version) DO NOTHING RETURNING position"
)


def append_rows(driver: Connection, rows: Any) -> set[int]:
    """What the database function nexoraz_append does."""
    driver.begin()
    raw, stored = driver.database.raw, set()
    for number, row in enumerate(rows, start=1):
        account = row[4]
        if account and raw.execute("SELECT 1 FROM erased_accounts WHERE account_id = ?", (account,)).fetchone():
            continue
        text = bytes(row[6]).decode()
        if raw.execute(INSERT, statements.plain((*row[:6], text, *row[7:]))).fetchone() is not None:
            stored.add(number)
    return stored


class Group:
    """Commits the appends of one caller at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, rows: Any) -> bool:
        pooled = self._engine.raw_connection()
        try:
            driver: Any = pooled.driver_connection
            stored = append_rows(driver, rows)
            if len(stored) != len(rows):
                return False
            pooled.commit()
            return True
        finally:
            pooled.close()
