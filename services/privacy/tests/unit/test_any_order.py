"""Random orders of messages: repeated, reordered, late, early, doubtful. Nothing but evidence completes a request."""

from collections.abc import Sequence

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from nexoraz.events.decider import Refused
from nexoraz.events.event import Event
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain.request import request
from nexoraz.privacy.domain.vocabulary import DONE, LAST_PARTICIPANT, Answer, RequestType
from services.privacy.tests import examples as x

names = st.sampled_from([*sorted(x.FIVE), "stranger"])
outcomes = st.sampled_from([*Answer, "a-word-from-the-future"])
message_ids = st.sampled_from([f"m{n}" for n in range(12)])
messages = st.one_of(
    st.builds(lambda m, p, o: x.take_receipt(p, o, message=m), message_ids, names, outcomes),
    st.builds(lambda m, p, n: x.take_scan(p, n, message=m), message_ids, names, st.integers(0, 1)),
    st.builds(x.take_part, names),
    st.just(x.run),
    st.just(c.CertifyErasure(1, x.DIGEST, x.NOW)),
    st.just(c.WithdrawRequest(x.NOW)),
    st.just(c.DeliverArchive(x.archive, x.NOW)),
    st.just(x.answer),
    st.just(x.refuse),
    st.just(x.extend),
    st.builds(lambda p: c.RetryRequest(p, x.NOW), st.sampled_from(["", *sorted(x.FIVE), "stranger"])),
)


def play(history: Sequence[Event], commands: Sequence[c.Command]) -> list[Event]:
    """The history after the commands; refusals are a normal outcome of strange orders."""
    events = list(history)
    for command in commands:
        try:
            events += request.decide(command, request.fold(events))
        except Refused:
            continue
    return events


def evidence_is_complete(before: Sequence[Event]) -> bool:
    """Judged from the history alone, by other means than the state: per participant, the last receipt counts as done
    and a clear scan follows it."""
    for name in x.FIVE:
        receipts = [
            n for n, ev in enumerate(before) if isinstance(ev, e.ReceiptTaken) and ev.receipt.participant == name
        ]
        scans = [n for n, ev in enumerate(before) if isinstance(ev, e.ScanTaken) and ev.scan.participant == name]
        if not receipts or not scans or scans[-1] < receipts[-1]:
            return False
        last, scan = before[receipts[-1]], before[scans[-1]]
        assert isinstance(last, e.ReceiptTaken) and isinstance(scan, e.ScanTaken)
        if last.receipt.outcome not in DONE or scan.scan.residue:
            return False
    return True


@settings(max_examples=300, deadline=None)
@for_all(st.lists(messages, max_size=60))
def test_an_erasure_is_never_completed_without_all_the_evidence(commands: list[c.Command]) -> None:
    events = play((x.received, x.verified, x.waived), commands)
    for n, event in enumerate(events):
        if isinstance(event, e.RequestCompleted):
            assert evidence_is_complete(events[:n])


def diligent(commands: list[c.Command]) -> list[c.Command]:
    """The same noise, and in the end every participant does its duty."""
    receipts = [x.take_receipt(p, message=f"final-{p}") for p in sorted(x.FIVE)]
    scans = [x.take_scan(p, message=f"final-scan-{p}") for p in sorted(x.FIVE)]
    return [*commands, x.run, *receipts, *scans, c.CertifyErasure(1, x.DIGEST, x.NOW)]


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages.filter(lambda m: not isinstance(m, c.WithdrawRequest | c.RefuseRequest)), max_size=40))
def test_an_erasure_ends_once_everybody_did_its_duty_whatever_came_before(commands: list[c.Command]) -> None:
    events = play((x.received, x.verified, x.waived), diligent(commands))
    assert sum(isinstance(event, e.RequestCompleted) for event in events) == 1


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages, max_size=40))
def test_repeated_messages_are_harmless(commands: list[c.Command]) -> None:
    commands = [command for command in commands if not isinstance(command, c.RetryRequest)]  # asks anew on purpose
    once = play(x.RUNNING, commands)
    doubled: list[c.Command] = [again for command in commands for again in (command, command)]
    twice = play(x.RUNNING, doubled)
    assert once == twice


@settings(max_examples=200, deadline=None)
@for_all(st.permutations(sorted(x.FIVE)), st.permutations(sorted(x.FIVE)))
def test_the_order_of_answers_does_not_matter(receipts: list[str], scans: list[str]) -> None:
    answers: list[c.Command] = [*map(x.take_receipt, receipts), *map(x.take_scan, scans)]
    commands = [*answers, c.CertifyErasure(1, x.DIGEST, x.NOW)]
    state = request.fold(play(x.RUNNING, commands))
    assert state.certificate_number == 1


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages, max_size=60))
def test_identity_is_never_asked_before_all_others_have_answered(commands: list[c.Command]) -> None:
    events = play((x.received, x.verified, x.waived), commands)
    for n, event in enumerate(events):
        if isinstance(event, e.ErasureAsked) and LAST_PARTICIPANT in event.participants:
            missing = set(request.fold(events[:n]).missing_receipts)
            assert missing <= {LAST_PARTICIPANT}


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages, max_size=60))
def test_an_archive_is_never_delivered_before_every_part_is_there(commands: list[c.Command]) -> None:
    events = play(x.COLLECTING, commands)
    for n, event in enumerate(events):
        if isinstance(event, e.ArchiveAssembled):
            parts = {ev.part.participant for ev in events[:n] if isinstance(ev, e.PartTaken)}
            assert parts == x.FIVE
        assert not isinstance(event, e.ReceiptTaken | e.ScanTaken)


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages, max_size=60))
def test_nothing_happens_after_the_end(commands: list[c.Command]) -> None:
    events = play((x.received, x.verified, x.in_grace), commands)
    ends = [
        n for n, ev in enumerate(events) if isinstance(ev, e.RequestCompleted | e.RequestWithdrawn | e.RequestDenied)
    ]
    assert not ends or ends == [len(events) - 1]
    assert all(event.type is RequestType.ERASURE for event in events if isinstance(event, e.RequestReceived))


@settings(max_examples=300, deadline=None)
@for_all(st.lists(messages, max_size=60))
def test_no_operator_completes_denies_or_rushes_what_has_begun(commands: list[c.Command]) -> None:
    """A running erasure ends by evidence alone, and its deadline moves once at most."""
    events = play(x.RUNNING, commands)
    assert not any(isinstance(event, e.RequestDenied) for event in events)
    assert sum(isinstance(event, e.DeadlineExtended) for event in events) <= 1
    for n, event in enumerate(events):
        if isinstance(event, e.RequestCompleted):
            assert evidence_is_complete(events[:n])


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages, max_size=40))
def test_whoever_is_asked_again_was_asked_before(commands: list[c.Command]) -> None:
    events = play((x.received, x.verified, x.waived), commands)
    for n, event in enumerate(events):
        if isinstance(event, e.ScanAsked):
            assert not request.fold(events[:n]).missing_receipts


@settings(max_examples=200, deadline=None)
@for_all(st.lists(messages, max_size=40))
def test_a_correction_is_ended_by_a_decision_only(commands: list[c.Command]) -> None:
    events = play(x.CORRECTING, commands)
    ended = [ev for ev in events if isinstance(ev, e.RequestCompleted | e.RequestDenied)]
    decided = any(isinstance(command, c.AnswerCorrection | c.RefuseRequest) for command in commands)
    assert len(ended) == int(decided)
