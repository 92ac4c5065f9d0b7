"""What identity listens to: what privacy wants people to be told. Its part in erasure and export is participation's.

identity's own keys and revocations do not take the way over the bus: projections/access.py keeps them.
"""

from collections.abc import Mapping

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.store import Transaction
from nexoraz.identity.application.notices import Notice, Notices


class NoticeGiven(Foreign, frozen=True):
    """until: ISO 8601, or ""."""

    source = "nexoraz.privacy.notice-given.v1"
    account_id: str
    request_id: str
    type: str
    notice: str
    reason: str
    until: str


def handlers(notices: Notices) -> Mapping[type[Foreign], Handler]:
    """Each view and what happens on it."""

    def on_notice_given(tx: Transaction, received: Received) -> None:
        said: NoticeGiven = received.data
        notice = Notice(said.account_id, said.request_id, said.type, said.notice, said.reason, said.until)
        notices.tell(tx, notice)

    return {NoticeGiven: on_notice_given}
