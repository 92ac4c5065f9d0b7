"""billing keeps what every participant promises, on the real database."""

from collections.abc import Iterator

import pytest

from nexoraz.billing.adapters.memory import FakeCustomers
from nexoraz.billing.bootstrap import EXAMPLE, ROOT, build
from nexoraz.events.testing.participant_contract import ParticipantContract
from nexoraz.events.testing.subject import Subject
from nexoraz.local.testing.fixtures import NewMigratedDatabase
from nexoraz.local.testing.services import close, on_databases

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
    app = build(
        on_databases(EXAMPLE, shared_database, ROOT, tmp_path_factory.mktemp("keys")), customers=FakeCustomers()
    )
    yield Subject.of(app, MADE_UP)
    close(app)


class TestBilling(ParticipantContract):
    """Nothing of its own: accounts are made up from the declarations."""
