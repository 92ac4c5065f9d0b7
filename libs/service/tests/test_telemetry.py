"""Traces name routes and join what belongs together, and say nothing about people."""

import gzip
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import StatusCode

from nexoraz.service.app import Blueprint, create_app
from nexoraz.service.settings import Secret, ServiceSettings
from nexoraz.service.telemetry import _ratio, continued, current_traceparent, parse_traceparent

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PERSONAL = "bob@example.org"


class Traced:
    """An application whose spans are kept; `seen` collects what the view saw."""

    def __init__(self, sampler: Any = ALWAYS_ON) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.seen: list[str | None] = []
        things = Blueprint("things", __name__, url_prefix="/things")

        @things.route("/<name>", methods=["GET"])
        @things.response(200)
        def thing(name: str) -> dict[str, str]:
            self.seen.append(current_traceparent())
            if name == "defect":
                raise ValueError(PERSONAL)
            return {}

        settings = ServiceSettings(database_url=Secret("unused"))
        self.client = create_app("t", "1", settings, [things], {}, tracer_provider=provider).test_client()


def test_a_request_is_one_span_named_by_its_route_with_nothing_personal() -> None:
    traced = Traced()
    headers = {"User-Agent": PERSONAL, "X-Forwarded-For": "203.0.113.9"}
    traced.client.get(f"/v1/t/things/{PERSONAL}?q={PERSONAL}", headers=headers)
    (span,) = traced.exporter.get_finished_spans()
    assert span.name == "GET /v1/t/things/<name>"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/v1/t/things/<name>",
        "http.response.status_code": 200,
    }
    assert PERSONAL not in span.to_json()
    assert "203.0" not in span.to_json()


def test_a_failure_marks_the_span_without_quoting_the_exception() -> None:
    traced = Traced()
    assert traced.client.get("/v1/t/things/defect").status_code == 500
    (span,) = traced.exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert PERSONAL not in span.to_json()


def test_a_trace_that_came_in_is_continued_in_the_view_and_told_in_the_answer() -> None:
    traced = Traced()
    answer = traced.client.get("/v1/t/things/a", headers={"traceparent": PARENT})
    (span,) = traced.exporter.get_finished_spans()
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == "b7ad6b7169203331"
    here = traced.seen[0]
    assert here == f"00-0af7651916cd43dd8448eb211c80319c-{span.context.span_id:016x}-01"
    assert answer.headers["traceresponse"] == here
    assert current_traceparent() is None


def test_without_recording_there_still_is_a_trace_to_store_with_events() -> None:
    traced = Traced(ALWAYS_OFF)
    traced.client.get("/v1/t/things/a")
    assert parse_traceparent(traced.seen[0]) is not None
    assert not traced.exporter.get_finished_spans()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        PARENT.upper(),
        PARENT.replace("00-", "ff-"),
        PARENT + "-x",
        "-" * 55,
    ],
)
def test_a_malformed_traceparent_begins_a_new_trace(text: str) -> None:
    traced = Traced()
    assert traced.client.get("/v1/t/things/a", headers={"traceparent": text}).status_code == 200
    (span,) = traced.exporter.get_finished_spans()
    assert span.parent is None


def test_a_worker_continues_the_trace_of_a_message() -> None:
    with continued(PARENT, "consume photo-uploaded"):
        inside = current_traceparent()
    assert inside is not None
    assert inside.split("-")[1] == PARENT.split("-")[1]
    assert current_traceparent() is None
    with pytest.raises(KeyError), continued(None, "consume"):
        raise KeyError


def test_the_share_of_recorded_traces_is_a_setting_and_bad_values_mean_the_default() -> None:
    samplers = [_ratio({"OTEL_TRACES_SAMPLER_ARG": text}) for text in ("0.5", "7", "many", "")]
    assert [sampler.rate for sampler in samplers if isinstance(sampler, TraceIdRatioBased)] == [0.5, 1.0, 0.1, 0.1]


def test_two_requests_are_two_traces() -> None:
    traced = Traced()
    for _ in range(2):
        traced.client.get(f"/v1/t/things/{uuid4()}")
    first, second = traced.exporter.get_finished_spans()
    assert first.context.trace_id != second.context.trace_id


EXPORTING = """
import os
from nexoraz.service.telemetry import configure, continued
provider = configure("svc", os.environ)
assert configure("other", {}) is provider
with continued(None, "consume photo-uploaded"):
    pass
provider.shutdown()
"""


class Collector(BaseHTTPRequestHandler):
    received: ClassVar[list[tuple[str, bytes]]] = []

    def do_POST(self) -> None:
        self.received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        pass


@pytest.mark.parametrize("ratio", ["1", "0"])
def test_spans_are_exported_to_the_endpoint_by_their_share(ratio: str) -> None:
    Collector.received.clear()
    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_TRACES_SAMPLER_ARG": ratio}
    subprocess.run([sys.executable, "-c", EXPORTING], env=environ, check=True, timeout=30)
    server.shutdown()
    server.server_close()
    if ratio == "0":
        assert Collector.received == []
        return
    (exported,) = Collector.received
    assert exported[0] == "/v1/traces"
    assert b"consume photo-uploaded" in gunzipped(exported[1])


def gunzipped(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
