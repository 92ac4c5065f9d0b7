"""The vault: what shredding costs whatever an account's history, and a rotation of many keys in one streaming job.

`python -m benchmarks --only rotation`; ROTATION_KEYS=1000000 for the full size. The keys are real ones, wrapped as the
vault wraps them and put in by COPY.
"""

import os
import resource
import sys
import time
from statistics import median
from uuid import uuid4

import psycopg

from benchmarks.figures import Figure
from benchmarks.parts import Parts
from nexoraz.events.kek import LocalKek
from nexoraz.events.key_rows import binding
from nexoraz.events.rotation import Progress, rotate
from nexoraz.events.vault import Vault
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.service.database import make_engine

DEFAULT_KEYS = 20_000
HISTORIES = (1, 100, 10_000)
ROUNDS = 15
LINE_EVERY = 100_000


def figures(parts: Parts) -> list[Figure]:
    dsn = parts.database()
    engine, kek = make_engine(dsn), LocalKek(parts.folder / "kek")
    migrate_vault(engine, kek)
    vault = Vault(engine, kek)
    shredding = {events: median(_shred(vault, events) for _ in range(ROUNDS)) for events in HISTORIES}
    count = int(os.environ.get("ROTATION_KEYS") or DEFAULT_KEYS)
    _fill(dsn, kek, count)
    before, started = _peak_mib(), time.perf_counter()
    done = rotate(vault, progress=_told)
    seconds, grown = time.perf_counter() - started, _peak_mib() - before
    engine.dispose()
    assert done.rewrapped == count and done.destroyed == (1,)
    least = shredding[HISTORIES[0]]
    name = f"rotation of {count:,} keys"
    return [
        *(
            Figure(f"shredding, {events:,} events, p50", shredding[events], "ms", "the same with 1", least, "<= 2.0")
            for events in HISTORIES[1:]
        ),
        Figure(f"{name}, keys per second", count / seconds, "/s", "a bound, not a peer", 1.0, "limit >= 5000"),
        Figure(f"{name}, memory it added", grown, "MiB", "a bound, not a peer", 1.0, "limit <= 32"),
    ]


def _shred(vault: Vault, events: int) -> float:
    """Milliseconds that destroying an account's keys takes, after that many values were sealed under them."""
    account = str(uuid4())
    for n in range(events):
        vault.seal(account, "account", b"something that happened", str(n))
    started = time.perf_counter()
    vault.destroy(account)
    return (time.perf_counter() - started) * 1000


def _fill(dsn: str, kek: LocalKek, count: int) -> None:
    with psycopg.connect(dsn) as connection:
        accounts = [str(uuid4()) for _ in range(count)]
        with connection.cursor().copy("COPY vault_accounts (account_id) FROM STDIN") as copy:
            for account in accounts:
                copy.write_row((account,))
        with connection.cursor().copy("COPY vault_keys (account_id, purpose, epoch, wrapped) FROM STDIN") as copy:
            for account in accounts:
                copy.write_row((account, "account", 1, kek.wrap(1, os.urandom(32), binding(account, "account"))))


def _told(progress: Progress) -> None:
    if progress.done % LINE_EVERY == 0 or not progress.left:
        sys.stderr.write(f"rotation: {progress.done:,} done, {progress.left:,} left, {_peak_mib():.0f} MiB\n")


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
