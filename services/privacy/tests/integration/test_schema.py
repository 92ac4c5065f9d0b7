"""What is generated or written twice says the same."""

from uuid import uuid4

import pytest

from nexoraz.privacy import bootstrap
from nexoraz.privacy.bootstrap import PROJECTIONS, App
from nexoraz.privacy.projections.tables import METADATA
from nexoraz.service.committed import stale
from nexoraz.service.migrate import assert_no_drift
from services.privacy.tests.integration.driver import Coordinator


@pytest.mark.real
def test_the_migrations_make_what_the_tables_declare(app: App) -> None:
    assert_no_drift(app.runtime.engine, METADATA)


def test_the_committed_documents_are_those_of_the_code() -> None:
    assert stale(bootstrap.ROOT, bootstrap.documents()) == []


@pytest.mark.real
def test_read_models_are_the_same_after_a_rebuild(coordinator: Coordinator) -> None:
    coordinator.announce()
    for at_once in (True, False):
        asked = coordinator.ask(str(uuid4()), "erasure", immediate=at_once).json
        assert asked is not None
        if at_once:
            coordinator.erase_everywhere(asked["id"])
    before = _rows(coordinator.app)
    coordinator.app.rebuild([])
    assert _rows(coordinator.app) == before


def _rows(app: App) -> dict[str, list[tuple[object, ...]]]:
    with app.runtime.engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=str)
            for projection in PROJECTIONS.values()
            for table in projection.tables
        }
