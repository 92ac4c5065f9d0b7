"""What a request decides: the process manager of DESIGN.md, "Requests", as pure functions.

An erasure asks everybody but identity, then identity, then everybody for a residue scan, and is proven only when
every receipt counts as done and every scan found nothing. An export asks everybody for a part. Silence, an unknown
answer or a single left-over row keeps a request running; nothing but evidence ends it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from nexoraz.events.decider import Decider
from nexoraz.events.event import Event
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain import handling
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.deadline import one_month_after
from nexoraz.privacy.domain.state import NO_REQUEST, Request, evolve
from nexoraz.privacy.domain.vocabulary import LAST_PARTICIPANT, SELF_SERVICE, RequestType, State, in_order

WITHOUT_PARTICIPANTS = frozenset({RequestType.CORRECTION, RequestType.OBJECTION})
"""Nobody else has to do anything for these, so nobody is asked and nothing can be proven by anybody's silence."""
SIGN_IN_MAX_AGE = timedelta(minutes=15)
"""How long ago the sign-in may be that verifies who asks."""


def decide(command: c.Command, state: Request) -> Sequence[Event]:  # noqa: PLR0911, PLR0912 - one return per command
    """The events that follow, none when there is nothing left to do. Raises a refusal (refusals.py)."""
    if isinstance(command, c.SubmitRequest):
        return _submit(command, state)
    if isinstance(command, c.RecallErasure):
        return _recall(command, state)
    if not state.id:
        raise r.RequestUnknown
    match command:
        case c.WithdrawRequest():
            return _withdraw(command, state)
        case c.RunRequest():
            return _run(command, state)
        case c.TakeReceipt():
            return _take_receipt(command, state)
        case c.TakeScan():
            return _take_scan(command, state)
        case c.TakePart():
            return _take_part(command, state)
        case c.CertifyErasure():
            return _certify(command, state)
        case c.DeliverArchive():
            return _deliver(command, state)
        case c.EraseArchive():
            return _erase_archive(command, state)
        case c.DenyRequest() | c.ExtendDeadline() | c.RefuseRequest() | c.AnswerCorrection() | c.RetryRequest():
            return handling.decide(command, state)
        case _:
            assert_never(command)


def _submit(command: c.SubmitRequest, state: Request) -> Sequence[Event]:
    if state.id:
        raise r.RequestAlreadyExists(state.id)
    age = command.at - command.authenticated_at
    if age > SIGN_IN_MAX_AGE:
        raise r.SignInTooOld(int(SIGN_IN_MAX_AGE.total_seconds()), int(age.total_seconds()))
    if command.being_erased_by:
        raise r.AccountBeingErased(command.being_erased_by)
    if command.type is RequestType.CORRECTION and command.about in SELF_SERVICE:
        raise r.SelfServiceOffered(command.about, SELF_SERVICE[command.about])
    received = e.RequestReceived(
        request_id=command.request_id,
        account_id=command.account_id,
        type=command.type,
        at=command.at,
        deadline_at=one_month_after(command.at),
        policy_version=command.policy_version,
        about=command.about,
    )
    return [received, e.RequestVerified(command.authenticated_at, command.at), *_grace(command)]


def _grace(command: c.SubmitRequest) -> list[Event]:
    """Only what cannot be undone has a grace period."""
    if command.type is not RequestType.ERASURE:
        return []
    if command.immediate:
        return [e.GraceWaived(command.at)]
    return [e.GraceStarted(command.at + command.grace, command.at)]


def _withdraw(command: c.WithdrawRequest, state: Request) -> Sequence[Event]:
    if state.state is State.WITHDRAWN:
        return []
    if state.state is not State.GRACE:
        raise r.NotInGrace(state.state)
    return [e.RequestWithdrawn(state.id, state.type, command.at)]


def _run(command: c.RunRequest, state: Request) -> Sequence[Event]:
    if state.state is not State.GRACE:
        return []
    if state.grace_until is not None and command.at < state.grace_until:
        raise r.GraceNotOver(state.grace_until)
    if state.type in WITHOUT_PARTICIPANTS:
        return [e.RequestStarted((), (), command.at), *_at_once(command, state)]
    participants = in_order(command.announced | command.required)
    if not participants:
        raise r.NoParticipants
    started = e.RequestStarted(participants, in_order(command.required - command.announced), command.at)
    if state.type is RequestType.ACCESS:
        asked = e.ExportAsked(state.id, state.account_id, command.public_key, participants, command.at)
        return [started, asked]
    return [started, *_next_steps(evolve(state, started), command.at)]


def _at_once(command: c.RunRequest, state: Request) -> list[Event]:
    """An objection is honoured as soon as it is made; a correction waits for somebody to look."""
    if state.type is not RequestType.OBJECTION:
        return []
    recorded = e.ObjectionRecorded(state.id, state.account_id, state.about, command.at)
    return [recorded, e.RequestCompleted(state.id, state.type, State.COMPLETED, 0, "", command.at)]


def _take_receipt(command: c.TakeReceipt, state: Request) -> Sequence[Event]:
    wanted = state.running and state.type is RequestType.ERASURE
    if not wanted or command.message_id in state.seen or command.receipt.participant not in state.participants:
        return []
    taken = e.ReceiptTaken(command.message_id, command.receipt, command.at)
    return [taken, *_next_steps(evolve(state, taken), command.at)]


def _take_scan(command: c.TakeScan, state: Request) -> Sequence[Event]:
    """A scan that was not asked for is older than the erasure that it should prove."""
    wanted = state.running and command.scan.participant in state.scans_asked
    if not wanted or command.message_id in state.seen:
        return []
    taken = e.ScanTaken(command.message_id, command.scan, command.at)
    return [taken, *_next_steps(evolve(state, taken), command.at)]


def _next_steps(state: Request, at: datetime) -> list[Event]:
    """What an erasure does next; several steps at once where nobody needs to be waited for."""
    steps: list[Event] = []
    while (step := _next_step(state, at)) is not None:
        steps.append(step)
        state = evolve(state, step)
    return steps


def _next_step(state: Request, at: datetime) -> Event | None:
    due = _due_for_erasure(state)
    if due:
        return e.ErasureAsked(state.id, state.account_id, due, at)
    if state.missing_receipts:
        return None
    unscanned = tuple(p for p in state.participants if p not in state.scans_asked)
    if unscanned:
        return e.ScanAsked(state.id, state.account_id, unscanned, at)
    if state.missing_scans or state.proven:
        return None
    return e.ErasureProven(at)


def _due_for_erasure(state: Request) -> tuple[str, ...]:
    """Who is to be asked now: all others at once, the last one when they have answered."""
    others = tuple(p for p in state.participants if p != LAST_PARTICIPANT)
    unasked = tuple(p for p in others if p not in state.asked)
    if unasked or any(p in state.missing_receipts for p in others):
        return unasked
    return tuple(p for p in state.participants if p not in state.asked)


def _certify(command: c.CertifyErasure, state: Request) -> Sequence[Event]:
    if state.certificate_number:
        return []
    if not (state.running and state.proven):
        raise r.NotProven(state.state, in_order((*state.missing_receipts, *state.missing_scans)))
    return [e.RequestCompleted(state.id, state.type, state.outcome, command.number, command.sha256, command.at)]


def _take_part(command: c.TakePart, state: Request) -> Sequence[Event]:
    """The first answer counts: parts are immutable once the participant said that they are written."""
    name = command.part.participant
    wanted = state.running and not state.collected and name in state.asked and name not in state.parts
    if not wanted or state.type is not RequestType.ACCESS:
        return []
    taken = e.PartTaken(command.message_id, command.part, command.at)
    complete = not evolve(state, taken).missing_parts
    return [taken, e.PartsCollected(command.at)] if complete else [taken]


def _deliver(command: c.DeliverArchive, state: Request) -> Sequence[Event]:
    if state.archive is not None:
        return []
    if not (state.running and state.collected):
        raise r.PartsMissing(state.state, state.missing_parts)
    done = e.RequestCompleted(state.id, state.type, State.COMPLETED, 0, "", command.at)
    return [e.ArchiveAssembled(command.archive, command.at), done]


def _erase_archive(command: c.EraseArchive, state: Request) -> Sequence[Event]:
    if state.archive is None or state.archive_erased:
        return []
    if command.at < state.archive.expires_at:
        raise r.ArchiveStillValid(state.archive.expires_at)
    return [e.ArchiveErased(command.at)]


def _recall(command: c.RecallErasure, state: Request) -> Sequence[Event]:
    if state.certificate_number or (state.running and not command.certificate_number):
        return []
    events: list[Event] = [e.RequestRecalled(command.at)]
    if not state.id:
        events.insert(0, _received_before(command))
    if not state.running:
        events.append(e.RequestStarted(command.participants, (), command.at))
    for event in events:
        state = evolve(state, event)
    if command.outcome is None:
        return [*events, *_next_steps(state, command.at)]
    asked = e.ErasureAsked(state.id, state.account_id, command.participants, command.at)
    number, digest = command.certificate_number, command.certificate_sha256
    return [*events, asked, e.RequestCompleted(state.id, state.type, command.outcome, number, digest, command.at)]


def _received_before(command: c.RecallErasure) -> Event:
    return e.RequestReceived(
        request_id=command.request_id,
        account_id=command.account_id,
        type=RequestType.ERASURE,
        at=command.received_at,
        deadline_at=one_month_after(command.received_at),
        policy_version=command.policy_version,
    )


request: Decider[c.Command, Request, Event] = Decider(NO_REQUEST, decide, evolve)
