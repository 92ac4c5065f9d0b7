"""What operators decide about a request: more time, no, an answer, and asking again. Pure, as request.py is.

Each decision is told to the person: `NoticeGiven` becomes a mail. None of them completes an erasure or an export.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from nexoraz.events.event import Event
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.attention import waiting_for
from nexoraz.privacy.domain.deadline import extended
from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import Notice, RequestType, State, in_order

Handled = c.DenyRequest | c.ExtendDeadline | c.RefuseRequest | c.AnswerCorrection | c.RetryRequest


def decide(command: Handled, state: Request) -> Sequence[Event]:
    """What follows from an operator's decision, or from an erasure that makes another request impossible."""
    match command:
        case c.DenyRequest():
            return _deny(command, state)
        case c.ExtendDeadline():
            return _extend(command, state)
        case c.RefuseRequest():
            return _refuse(command, state)
        case c.AnswerCorrection():
            return _answer(command, state)
        case c.RetryRequest():
            return _retry(command, state)
        case _:
            assert_never(command)


def _deny(command: c.DenyRequest, state: Request) -> Sequence[Event]:
    """By ourselves: the erasure of the account makes it impossible, and tells the person enough."""
    if not state.active:
        return []
    return [e.RequestDenied(state.id, state.type, command.reason, command.at)]


def _extend(command: c.ExtendDeadline, state: Request) -> Sequence[Event]:
    """Once, and told before the deadline (GDPR Art. 12(3))."""
    received_at, deadline_at = _open(state)
    if state.extension:
        raise r.AlreadyExtended(deadline_at)
    if command.at >= deadline_at:
        raise r.DeadlinePassed(deadline_at)
    until = extended(received_at)
    told = _notice(state, Notice.DEADLINE_EXTENDED, command.reason, command.at, until.isoformat())
    return [e.DeadlineExtended(state.id, command.reason, until, command.at), told]


def _refuse(command: c.RefuseRequest, state: Request) -> Sequence[Event]:
    """An erasure that has begun cannot be taken back: keys may be gone already."""
    _open(state)
    if state.type is RequestType.ERASURE and state.running:
        raise r.ErasureHasBegun(state.id)
    told = _notice(state, Notice.DENIED, command.reason, command.at)
    return [told, e.RequestDenied(state.id, state.type, command.reason, command.at)]


def _answer(command: c.AnswerCorrection, state: Request) -> Sequence[Event]:
    """Only what a person decides ends by an answer; erasures and exports end by evidence."""
    _open(state)
    if state.type is not RequestType.CORRECTION:
        raise r.NotForOperators(state.type)
    told = _notice(state, Notice.ANSWERED, "", command.at)
    return [told, e.RequestCompleted(state.id, state.type, State.COMPLETED, 0, "", command.at)]


def _retry(command: c.RetryRequest, state: Request) -> Sequence[Event]:
    """Ask again who is silent or did not succeed; never somebody whose turn has not come."""
    _open(state)
    unsettled = unanswered(state)
    names = tuple(p for p in unsettled if command.participant in ("", p))
    if not names:
        raise r.NothingToRetry(unsettled)
    if state.type is RequestType.ACCESS:
        return [e.ExportAsked(state.id, state.account_id, state.public_key, names, command.at)]
    erasing = tuple(p for p in names if p in state.missing_receipts or p in state.scans)
    scanning = tuple(p for p in names if p not in erasing)
    again: list[Event] = []
    if erasing:
        again.append(e.ErasureAsked(state.id, state.account_id, erasing, command.at))
    if scanning:
        again.append(e.ScanAsked(state.id, state.account_id, scanning, command.at))
    return again


def unanswered(state: Request) -> tuple[str, ...]:
    """Who was asked and has not settled it: silent, unverified, or with something left. Who left something is asked
    to erase again, since only a new receipt makes a new scan count."""
    left = (p for p in state.scans if not state.scans[p].clear)
    return in_order((*waiting_for(state), *left)) if state.running else ()


def _open(state: Request) -> tuple[datetime, datetime]:
    """When an active request came and is due. Raises RequestEnded."""
    if not state.active or state.received_at is None or state.deadline_at is None:
        raise r.RequestEnded(state.state)
    return state.received_at, state.deadline_at


def _notice(state: Request, notice: Notice, reason: str, at: datetime, until: str = "") -> Event:
    return e.NoticeGiven(state.id, state.account_id, state.type, notice, reason, until, at)
