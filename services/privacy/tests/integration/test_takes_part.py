"""privacy keeps what every participant promises, on the real database."""

from collections.abc import Iterator

import pytest

from nexoraz.events.memory_bucket import MemoryBucket
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.services import close, on_databases
from nexoraz.privacy.bootstrap import EXAMPLE, ROOT, build

pytestmark = pytest.mark.real


@pytest.fixture(scope="class")
def subject(shared_database: NewMigratedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    app = build(on_databases(EXAMPLE, shared_database, ROOT, tmp_path_factory.mktemp("keys")), bucket=MemoryBucket())
    yield Subject.of(app, {"participant-announced.data_map": lambda _: "{}"})
    close(app)


class TestPrivacy(ParticipantContract):
    """Nothing of its own: accounts are made up from the declarations."""
