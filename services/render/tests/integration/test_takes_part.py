"""render keeps what every participant promises, on the real database."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nexoraz.events.kek import LocalKek
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.real import RealS3
from nexoraz.render.adapters.memory import FakeEngine
from nexoraz.render.bootstrap import EXAMPLE, build
from nexoraz.service.database import make_engine
from nexoraz.service.settings import Secret
from services.render.tests.integration.conftest import migrate_data

pytestmark = pytest.mark.real


@pytest.fixture(scope="class")
def subject(
    shared_database: NewMigratedDatabase, s3_server: RealS3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Subject]:
    folder = tmp_path_factory.mktemp("keys")
    vault = Secret(shared_database("empty", lambda _: None))
    engine = make_engine(vault)
    migrate_vault(engine, LocalKek(folder))
    engine.dispose()
    data = Secret(shared_database("render", migrate_data))
    s3_server.start()
    s3 = s3_server.create_bucket()
    settings = replace(
        EXAMPLE,
        database_url=data,
        vault_database_url=vault,
        vault_kek_dir=folder,
        s3_endpoint=s3.endpoint,
        s3_access_key=Secret(s3.access_key),
        s3_secret_key=Secret(s3.secret_key),
        s3_bucket=s3.bucket,
    )
    app = build(settings, engine=FakeEngine())
    yield Subject.of(app)
    app.runtime.engine.dispose()
    app.runtime.vault.engine.dispose()


class TestRender(ParticipantContract):
    """Nothing of its own: accounts are made up from the declarations."""
