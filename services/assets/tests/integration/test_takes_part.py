"""assets keeps what every participant promises, on the real database."""

from collections.abc import Iterator

import pytest

from nexoraz.assets.bootstrap import EXAMPLE, ROOT, build
from nexoraz.events.memory_bucket import MemoryBucket
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.services import close, on_databases

pytestmark = pytest.mark.real


@pytest.fixture(scope="class")
def subject(shared_database: NewMigratedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    app = build(on_databases(EXAMPLE, shared_database, ROOT, tmp_path_factory.mktemp("keys")), bucket=MemoryBucket())
    yield Subject.of(app, {"photos.media_type": lambda _: "image/png"})
    close(app)


class TestAssets(ParticipantContract):
    """Nothing of its own: accounts are made up from the declarations."""
