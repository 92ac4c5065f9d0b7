"""The migrations make what the tables declare, and a rebuild makes what was there."""

import pytest

from nexoraz.render.adapters.memory import FakeEngine
from nexoraz.render.application.ports import RenderRefused
from nexoraz.render.bootstrap import App
from nexoraz.render.projections.tables import METADATA
from nexoraz.service.migrate import assert_no_drift
from services.render.tests.integration.conftest import Person

pytestmark = pytest.mark.real


def test_the_migrations_make_what_the_tables_declare(app: App) -> None:
    assert_no_drift(app.runtime.engine, METADATA)


def rows(app: App) -> list[tuple[object, ...]]:
    with app.runtime.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM jobs ORDER BY id")]


def test_a_rebuild_gives_the_same_rows(ann: Person, bob: Person, app: App) -> None:
    ann.has_picture()
    ann.ordered()
    assert isinstance(app.engine, FakeEngine)
    app.engine.fails = lambda: RenderRefused("picture-too-large", {"megapixels": 100.0, "limit": 64.0})
    bob.has_picture()
    before = rows(app)
    app.rebuild([])
    assert rows(app) == before and len(before) == 3
