"""billing keeps what every participant promises, on the real database."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nexoraz.billing.bootstrap import EXAMPLE, build
from nexoraz.events.kek import LocalKek
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.events.vault_schema import migrate_vault
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.service.database import make_engine
from nexoraz.service.settings import Secret
from services.billing.tests.integration.conftest import migrate_data

pytestmark = pytest.mark.real

MADE_UP = {
    "purchases.state": lambda _: "paid",
    "postings.credits": lambda _: 0,
    "refunds.state": lambda _: "paid",
    "refunded-outside.refund": lambda account: f"refund of {account}",
    "invoice-paid.purchase_id": lambda account: f"invoice of {account}",
    "invoice-paid.payment_intent": lambda account: f"payment of {account}",
}


@pytest.fixture(scope="class")
def subject(shared_database: NewMigratedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subject]:
    folder = tmp_path_factory.mktemp("keys")
    vault = Secret(shared_database("empty", lambda _: None))
    engine = make_engine(vault)
    migrate_vault(engine, LocalKek(folder))
    engine.dispose()
    data = Secret(shared_database("billing", migrate_data))
    app = build(replace(EXAMPLE, database_url=data, vault_database_url=vault, vault_kek_dir=folder))
    yield Subject.of(app, MADE_UP)
    app.runtime.engine.dispose()
    app.runtime.vault.engine.dispose()


class TestBilling(ParticipantContract):
    """Nothing of its own: accounts are made up from the declarations."""
