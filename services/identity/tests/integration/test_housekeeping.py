"""What identity's worker removes every hour: ended sessions and throttles, beside what all keep a day."""

from datetime import timedelta

import pytest

from nexoraz.identity.bootstrap import build
from nexoraz.identity.config import Settings
from services.identity.tests.examples import NOW

pytestmark = pytest.mark.real

ROWS = """
INSERT INTO throttles (subject_hash, attempts, ends_at) VALUES ('ended', 1, %(past)s), ('counts', 1, %(future)s);
INSERT INTO revocations (subject, at) VALUES ('old', %(past)s - interval '1 day')
"""


def test_what_has_ended_is_removed_and_what_counts_stays(settings: Settings) -> None:
    app = build(settings, clock=lambda: NOW)
    moments = {"past": NOW - timedelta(seconds=1), "future": NOW + timedelta(seconds=1)}
    with app.runtime.engine.begin() as connection:
        for statement in ROWS.split(";\n"):
            connection.exec_driver_sql(statement, moments)
    (hourly,) = [periodic for periodic in app.worker().periodic if periodic.name == "retention"]
    hourly.run()
    with app.runtime.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT subject_hash FROM throttles").scalars().all() == ["counts"]
        assert connection.exec_driver_sql("SELECT subject FROM revocations").all() == []
    app.runtime.engine.dispose()
