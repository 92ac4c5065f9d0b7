"""A collector of traces on loopback: what an operator's OpenTelemetry collector would receive (OTLP over HTTP)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """One span. ids are hex; parent is "" for the first span of a trace."""

    service: str
    name: str
    trace: str
    id: str
    parent: str


@dataclass
class Collector:
    """Keeps what was sent, as bytes too, so that anything in it can be searched."""

    endpoint: str = ""
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Seen] = field(default_factory=list)

    def receive(self, body: bytes) -> None:
        self.bodies.append(body)
        self.spans.extend(_spans(body))

    def trace_of(self, name: str) -> list[Seen]:
        """The spans of the newest trace in which a span has that name."""
        found = [span.trace for span in self.spans if span.name == name]
        return [span for span in self.spans if found and span.trace == found[-1]]


def _spans(body: bytes) -> Iterator[Seen]:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        named = {a.key: a.value.string_value for a in resource.resource.attributes}
        for scope in resource.scope_spans:
            for s in scope.spans:
                yield Seen(named["service.name"], s.name, s.trace_id.hex(), s.span_id.hex(), s.parent_span_id.hex())


@contextmanager
def collecting() -> Iterator[Collector]:
    """Receive until the end of the block."""
    collector = Collector()

    class Receive(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.receive(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receive)
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
