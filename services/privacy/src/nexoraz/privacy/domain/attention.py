"""Why a running request needs a person: derived from its state and the time, never stored, so it clears by itself."""

from datetime import datetime, timedelta

from nexoraz.privacy.domain.state import Request
from nexoraz.privacy.domain.vocabulary import Concern, RequestType, State

DUE_SOON = timedelta(days=7)
"""How long before its deadline a request is shown to operators as due soon."""
SILENCE = timedelta(minutes=5)
"""How long a participant may stay silent before an operator is told; a working one answers within seconds."""


def concerns(state: Request, at: datetime) -> tuple[Concern, ...]:
    """What blocks the request, worst first; empty while all goes well. "unfinished": everybody did their duty, and our
    own last step, the certificate or the archive, does not succeed."""
    if not state.active:
        return ()
    unverified = tuple(p for p in state.participants if p in state.receipts and not state.receipts[p].done)
    residue = tuple(p for p in state.participants if p in state.scans and not state.scans[p].clear)
    found = [
        _deadline(state, at),
        Concern("awaits-decision", ()) if state.running and state.type is RequestType.CORRECTION else None,
        Concern("unverified", unverified) if unverified else None,
        Concern("residue-found", residue) if residue else None,
        Concern("participant-unannounced", silent) if (silent := _unannounced(state)) else None,
        Concern("participant-silent", silent) if (silent := _silent(state, at)) else None,
        Concern("unfinished", ()) if state.ready_at is not None and at - state.ready_at >= SILENCE else None,
    ]
    return tuple(concern for concern in found if concern is not None)


def _deadline(state: Request, at: datetime) -> Concern | None:
    if state.deadline_at is None or at < state.deadline_at - DUE_SOON:
        return None
    return Concern("overdue" if at >= state.deadline_at else "due-soon", ())


def waiting_for(state: Request) -> tuple[str, ...]:
    """The participants whose answer is wanted now."""
    if not state.running:
        return ()
    if state.type is RequestType.ACCESS:
        return state.missing_parts
    if state.scans_asked:
        return tuple(p for p in state.missing_scans if p in state.scans_asked) or state.missing_receipts
    return tuple(p for p in state.missing_receipts if p in state.asked)


def _silent(state: Request, at: datetime) -> tuple[str, ...]:
    if state.state is not State.RUNNING or state.started_at is None or at - state.started_at < SILENCE:
        return ()
    answered = state.scans if state.scans_asked else state.receipts
    return tuple(p for p in waiting_for(state) if p not in answered)


def _unannounced(state: Request) -> tuple[str, ...]:
    return tuple(p for p in state.unannounced if p not in {**state.receipts, **state.parts})
