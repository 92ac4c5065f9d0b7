"""What privacy says of a request is said under the request: a purge of the account's messages must leave it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from nexoraz.events.contracts import outgoing
from nexoraz.events.event import Event, Recorded
from nexoraz.privacy.adapters.published import translate
from nexoraz.privacy.application.streams import request_stream
from services.privacy.tests import examples as x


@pytest.mark.parametrize(
    "event", [x.others_asked, x.identity_asked, x.scan_asked, x.export_asked, x.completed, x.withdrawn]
)
def test_no_subject_carries_the_account_that_a_request_is_about(event: Event) -> None:
    recorded = Recorded(7, UUID(int=7), request_stream(x.REQUEST), 3, datetime(2026, 1, 1, tzinfo=UTC), event)
    contract = translate(event, recorded)
    assert contract is not None
    message = outgoing(recorded, contract)
    assert message.subject.endswith(f".{x.REQUEST}")
    assert x.ACCOUNT not in message.subject + str(message.headers)
