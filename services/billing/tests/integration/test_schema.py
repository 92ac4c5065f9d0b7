"""The migrations make what the tables declare."""

import pytest

from nexoraz.billing.config import Settings
from nexoraz.billing.projections.tables import METADATA
from nexoraz.service.database import make_engine
from nexoraz.service.migrate import assert_no_drift

pytestmark = pytest.mark.real


def test_the_migrations_make_what_the_tables_declare(settings: Settings) -> None:
    engine = make_engine(settings.database_url)
    assert_no_drift(engine, METADATA)
    engine.dispose()
