"""render keeps what every participant promises, on the real database."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.real import RealS3
from nexoraz.local.testing.services import close, on_databases
from nexoraz.render.adapters.memory import FakeEngine
from nexoraz.render.bootstrap import EXAMPLE, ROOT, build
from nexoraz.service.settings import Secret

pytestmark = pytest.mark.real


@pytest.fixture(scope="class")
def subject(
    shared_database: NewMigratedDatabase, s3_server: RealS3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    s3_server.start()
    s3 = s3_server.create_bucket()
    settings = replace(
        EXAMPLE,
        s3_endpoint=s3.endpoint,
        s3_access_key=Secret(s3.access_key),
        s3_secret_key=Secret(s3.secret_key),
        s3_bucket=s3.bucket,
    )
    app = build(on_databases(settings, shared_database, ROOT, tmp_path_factory.mktemp("keys")), engine=FakeEngine())
    yield Subject.of(app)
    close(app)


class TestRender(ParticipantContract):
    """Nothing of its own: accounts are made up from the declarations."""
