"""Telling people by mail what was decided about a request of theirs. privacy says it in words of ours; only identity
knows the address. What an operator wrote besides stands in the request itself, sealed."""

from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.registry import ERASED
from nexoraz.events.store import Transaction, load
from nexoraz.identity.application.ports import Mailbox
from nexoraz.identity.application.registration import account_stream
from nexoraz.identity.domain.account import ACCOUNT

KINDS = {"deadline-extended": "request-extended", "denied": "request-denied", "answered": "request-answered"}
PAYMENT_KINDS = {"overdue": "payment-overdue", "grace": "payment-grace", "unpaid": "plan-ended-unpaid"}
TYPES = {
    "access": "a copy of your data",
    "erasure": "the erasure of your account",
    "correction": "a correction",
    "objection": "an objection",
}
REASONS = {
    "complexity": "the request is complex",
    "number-of-requests": "of the number of requests",
    "data-is-accurate": "the data is accurate",
    "excessive": "it is excessive, in particular because it was repeated",
    "identity-doubtful": "we could not make sure that it is you",
    "legal-claim": "the data is needed for a legal claim",
    "legal-obligation": "a law obliges us to keep the data as it is",
    "manifestly-unfounded": "it is manifestly unfounded",
    "others-rights": "it would harm the rights of others",
}


class NoticeNotKnown(Exception):
    """privacy says something that we have no words for. The message is parked until we have."""


@dataclass(frozen=True, slots=True)
class Notice:
    """until: ISO 8601, or ""."""

    account_id: str
    request_id: str
    type: str
    notice: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Notices:
    mailbox: Mailbox

    def tell(self, tx: Transaction, notice: Notice) -> None:
        """Put the mail in the mailbox; for somebody erased or without a verified address there is nobody to tell.
        Raises NoticeNotKnown."""
        if tx.is_erased(notice.account_id):
            return
        state, _ = load(tx, ACCOUNT, account_stream(notice.account_id))
        if state.verified and state.email != ERASED:
            self.mailbox.post(tx, notice.account_id, _kind(notice), state.email, _facts(notice))

    def tell_of_payment(self, tx: Transaction, account_id: str, notice: str, until: str) -> None:
        """A renewal of the plan is not paid. Raises NoticeNotKnown."""
        if notice not in PAYMENT_KINDS:
            raise NoticeNotKnown(f"{notice} of a payment")
        if tx.is_erased(account_id):
            return
        state, _ = load(tx, ACCOUNT, account_stream(account_id))
        if state.verified and state.email != ERASED:
            day = f"{datetime.fromisoformat(until):%d %B %Y}" if until else ""
            self.mailbox.post(tx, account_id, PAYMENT_KINDS[notice], state.email, {"until": day})


def _kind(notice: Notice) -> str:
    known = notice.notice in KINDS and notice.type in TYPES and (not notice.reason or notice.reason in REASONS)
    if not known:
        raise NoticeNotKnown(f"{notice.notice} of {notice.type} because of {notice.reason}")
    return KINDS[notice.notice]


def _facts(notice: Notice) -> dict[str, str]:
    until = f"{datetime.fromisoformat(notice.until):%d %B %Y}" if notice.until else ""
    asked, why = TYPES[notice.type], REASONS.get(notice.reason, "")
    return {"request": notice.request_id, "asked": asked, "why": why, "until": until}
