"""Live streams: resumed where the client left off, bounded in time and in number."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response

from nexoraz.service import live
from nexoraz.service.live import Happening, LiveStreams, News
from nexoraz.service.problems import Problem

HISTORY = [Happening(n, "step", {"n": n}) for n in (1, 2, 3)]


def ended(after: int) -> News:
    return News(3, ended=True, happenings=[each for each in HISTORY if each.id > after])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(live, "POLL_S", 0.01)


def watched(streams: LiveStreams, last: str | None = None, look: live.Look = ended) -> Response:
    headers = {} if last is None else {"Last-Event-ID": last}
    with Flask(__name__).test_request_context(headers=headers):
        return streams.response(look)


def text(response: Response) -> str:
    body = response.get_data(as_text=True)
    response.close()
    return body


def test_history_comes_first_and_is_resumed_after_the_last_that_was_seen() -> None:
    assert text(watched(LiveStreams(1))).count("event: step") == 3
    resumed = text(watched(LiveStreams(1), "2"))
    assert resumed == 'retry: 500\n\nid: 3\nevent: step\ndata: {"n":3}\n\n'


@pytest.mark.parametrize("last", ["x", "-1", "1" * 10, "\u0661"])
def test_an_id_that_is_none_of_ours_is_refused(last: str) -> None:
    with pytest.raises(Problem) as refused:
        watched(LiveStreams(1), last)
    assert refused.value.status == 400


def test_a_stream_on_which_nothing_happens_beats_and_ends() -> None:
    body = text(watched(LiveStreams(1, longest_s=0.3), look=lambda after: News(after, ended=False)))
    assert body.count(": still running") >= 3 and "event:" not in body


def test_no_more_watch_than_there_are_seats_and_each_seat_is_given_back() -> None:
    streams = LiveStreams(2)
    first, second = watched(streams), watched(streams)
    with pytest.raises(Problem) as refused:
        watched(streams)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "2")
    first.close()  # never read: the client went away
    third = watched(streams)
    for each in (second, third):
        text(each)
    watched(streams).close()


def test_the_parts_are_told_when_they_changed_under_the_last_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LIVELY_S", 0.0)
    monkeypatch.setattr(live, "BESIDE_EVERY_S", 0.0)
    told: Iterator[list[live.Shown]] = iter([[{"part": 1}], [{"part": 1}], [{"part": 1}, {"part": 2}]])
    with Flask(__name__).test_request_context():
        looks = iter([False, False, True])
        response = LiveStreams(1).response(lambda _: News(7, next(looks)), lambda: next(told))
    body = text(response)
    assert body.count("id: 7\nevent: progress") == 2
