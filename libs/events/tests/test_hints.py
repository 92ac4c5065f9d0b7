"""The relay's wake-up comes after the commit, and a lost one is only latency."""

import time

import psycopg
import pytest
from sqlalchemy import Engine, text

from nexoraz.events.hints import CHANNEL, RelayHint

pytestmark = pytest.mark.real


def heard(engine: Engine, hint: RelayHint) -> int:
    """How many notifications a listener gets within half a second of one hint."""
    dsn = engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(dsn, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        hint()
        return len(list(listener.notifies(timeout=0.5)))


def test_a_hint_wakes_the_listener(kernel_database: Engine) -> None:
    hint = RelayHint(kernel_database)
    assert heard(kernel_database, hint) == 1
    hint.close()


def test_hints_work_again_after_the_connection_was_lost(kernel_database: Engine) -> None:
    hint = RelayHint(kernel_database)
    assert heard(kernel_database, hint) == 1
    with kernel_database.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'NOTIFY%' AND datname = current_database()"
            )
        )
    hint()  # this one may be lost
    time.sleep(1.3)
    assert heard(kernel_database, hint) >= 1
    hint.close()
