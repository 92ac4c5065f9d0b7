"""What identity listens to: what privacy wants people to be told. Its part in erasure and export is participation's.

identity's own keys and revocations do not take the way over the bus: projections/access.py keeps them.
"""

from collections.abc import Mapping

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign, Received
from nexoraz.events.store import Transaction
from nexoraz.identity.application.news import MARKETING, News
from nexoraz.identity.application.notices import Notice, Notices
from nexoraz.identity.application.policy_mails import PolicyMails
from nexoraz.identity.application.usage import Usage

ANALYTICS = "analytics"


class NoticeGiven(Foreign, frozen=True):
    """until: ISO 8601, or ""."""

    source = "nexoraz.privacy.notice-given.v1"
    account_id: str
    request_id: str
    type: str
    notice: str
    reason: str
    until: str


class ConsentDecided(Foreign, frozen=True):
    source = "nexoraz.privacy.consent-decided.v1"
    account_id: str
    purpose: str
    given: bool


class PolicyChangeAnnounced(Foreign, frozen=True):
    source = "nexoraz.privacy.policy-change-announced.v1"
    policy_version: str
    summary: str


def handlers(notices: Notices, news: News, policy_mails: PolicyMails, usage: Usage) -> Mapping[type[Foreign], Handler]:
    """Each view and what happens on it."""

    def on_notice_given(tx: Transaction, received: Received) -> None:
        said: NoticeGiven = received.data
        notice = Notice(said.account_id, said.request_id, said.type, said.notice, said.reason, said.until)
        notices.tell(tx, notice)

    def on_consent_decided(tx: Transaction, received: Received) -> None:
        said: ConsentDecided = received.data
        if said.purpose == MARKETING and said.given:
            news.welcome(tx, said.account_id)
        if said.purpose == ANALYTICS:
            usage.decided(tx, said.account_id, given=said.given)

    def on_policy_change_announced(tx: Transaction, received: Received) -> None:
        said: PolicyChangeAnnounced = received.data
        policy_mails.begin(tx, said.policy_version, said.summary)

    return {
        NoticeGiven: on_notice_given,
        ConsentDecided: on_consent_decided,
        PolicyChangeAnnounced: on_policy_change_announced,
    }
