"""A render asked over HTTP is one trace through three processes, and no trace says anything about the person."""

from collections.abc import Iterator

import pytest

from tests.journey.demo import PRESETS, sample
from tests.journey.person import Person, until
from tests.journey.running import started
from tests.observability.collector import Collector, Seen, collecting

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

ASKED = "POST /v1/render/jobs"
EDGES = [
    (("render", "publish render-requested"), ("render", ASKED)),
    (("billing", "consume render-requested"), ("render", "publish render-requested")),
    (("billing", "publish credits-reserved"), ("billing", "consume render-requested")),
    (("render", "consume credits-reserved"), ("billing", "publish credits-reserved")),
    (("render", "task render"), ("render", "consume credits-reserved")),
    (("render", "publish render-completed"), ("render", "task render")),
    (("billing", "consume render-completed"), ("render", "publish render-completed")),
]
"""(service, span) → its parent, from the request to the credits that are spent."""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Collector, Person]]:
    """One person's journey with everything recorded, but for the erasure."""
    with collecting() as collector:
        recorded = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_TRACES_SAMPLER_ARG": "1"}
        with started(tmp_path_factory.mktemp("traced"), **recorded) as suite:
            person = suite.person()
            person.register()
            person.sign_in()
            photo = person.upload(sample(), title="Canary of a title")
            person.buy()
            forced = f"00-{'a' * 32}-{'b' * 16}-01"
            canaries = {"User_Agent": "CanaryBrowser/7", "X_Forwarded_For": "203.0.113.77", "traceparent": forced}
            person.call("GET", "/v1/assets/photos?limit=20", **canaries)
            person.render(photo["id"], PRESETS[0])
            until(lambda: missing(collector) == [] or None, "every span of the trace arrived", 60)
            yield collector, person


def missing(collector: Collector) -> list[tuple[str, str]]:
    arrived = {(span.service, span.name) for span in collector.trace_of(ASKED)}
    return [child for child, _ in EDGES if child not in arrived]


def only(spans: list[Seen], service: str, name: str) -> Seen:
    found = [span for span in spans if (span.service, span.name) == (service, name)]
    assert len(found) == 1, (service, name, spans)
    return found[0]


def test_a_render_is_one_trace_from_the_request_over_billing_to_the_task(collector: tuple[Collector, Person]) -> None:
    spans = collector[0].trace_of(ASKED)
    assert only(spans, "render", ASKED).parent == ""
    for child, parent in EDGES:
        assert only(spans, *child).parent == only(spans, *parent).id, f"{child} does not follow {parent}"


def test_a_stranger_cannot_join_or_force_a_trace(collector: tuple[Collector, Person]) -> None:
    spans = collector[0].spans
    assert "a" * 32 not in {span.trace for span in spans}
    assert "b" * 16 not in {span.parent for span in spans}


def test_no_trace_holds_anything_about_the_person(collector: tuple[Collector, Person]) -> None:
    traces, person = collector
    everything = b"".join(traces.bodies)
    assert len(traces.spans) > 20
    canaries = [person.email, person.password, person.token, "Ann Example", "Canary", "203.0.113.77", "1990-04-01"]
    canaries += ["limit=20", "?title", "127.0.0.1", "urllib3", person.account_id, person.email.split("@")[0]]
    for canary in canaries:
        assert canary.encode() not in everything, f"a trace holds {canary}"
