"""OpenTelemetry traces: one span per request, named by its route template, with nothing about a person.

No client address, user agent, URL, query, path value or exception text is ever an attribute. Traces are exported
(OTLP over HTTP) only if OTEL_EXPORTER_OTLP_ENDPOINT is set; without it, ids are still made, so that one trace can
be followed through HTTP, store, bus and handler, and nothing is recorded. `tracestate` is not taken over: it is
free text of a stranger.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

DEFAULT_RATIO = 0.1
SCOPE = "nexoraz.service"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEX = frozenset("0123456789abcdef")
_EMPTY = Context()


def configure(service_name: str, environ: Mapping[str, str]) -> TracerProvider:
    """Make the tracer provider of this process. Call it after the fork: the exporter has a thread.

    A second call returns the first one's provider. OTEL_TRACES_SAMPLER_ARG is the share of traces begun here that
    are recorded (0 to 1, default 0.1); a trace begun elsewhere keeps the decision that came with it.
    """
    current = trace.get_tracer_provider()
    if isinstance(current, TracerProvider):
        return current
    endpoint = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    provider = TracerProvider(
        resource=Resource({"service.name": service_name, "service.namespace": "nexoraz"}),
        sampler=ParentBased(_ratio(environ)) if endpoint else ALWAYS_OFF,
        shutdown_on_exit=bool(endpoint),
    )
    if endpoint:
        _export(provider, endpoint)
    trace.set_tracer_provider(provider)
    set_global_textmap(TraceContextTextMapPropagator())
    return provider


def _ratio(environ: Mapping[str, str]) -> Sampler:
    try:
        ratio = float(environ.get("OTEL_TRACES_SAMPLER_ARG") or DEFAULT_RATIO)
    except ValueError:
        ratio = DEFAULT_RATIO
    return TraceIdRatioBased(min(1.0, max(0.0, ratio)))


def _export(provider: TracerProvider, endpoint: str) -> None:
    # Only here, since the exporter brings in an HTTP client that most local processes never need.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))


def parse_traceparent(text: str | None) -> SpanContext | None:
    """The W3C trace context of a `traceparent` value, or None when there is none that is well formed."""
    if text is None or len(text) != 55:
        return None
    version, trace_id, span_id, flags = (text.split("-") + [""] * 4)[:4]
    if version != "00" or (len(trace_id), len(span_id), len(flags)) != (32, 16, 2):
        return None
    if not _HEX.issuperset(trace_id + span_id + flags):
        return None
    found = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16) & TraceFlags.SAMPLED))
    return found if found.is_valid else None


def current_traceparent() -> str | None:
    """The `traceparent` of what runs now, to be stored with an event or sent on; None outside of a trace."""
    return traceparent_of(trace.get_current_span())


def traceparent_of(span: Span) -> str | None:
    """The `traceparent` that names `span` as the parent."""
    here = span.get_span_context()
    if not here.is_valid:
        return None
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{int(here.trace_flags):02x}"


def _parent(traceparent: str | None) -> Context:
    remote = parse_traceparent(traceparent)
    return trace.set_span_in_context(NonRecordingSpan(remote), _EMPTY) if remote else _EMPTY


@contextmanager
def continued(traceparent: str | None, name: str, kind: SpanKind = SpanKind.CONSUMER) -> Iterator[Span]:
    """Run the block as a child of a trace that came with a message, for worker processes."""
    tracer = trace.get_tracer(SCOPE)
    with tracer.start_as_current_span(
        name, context=_parent(traceparent), kind=kind, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException:
            span.set_status(Status(StatusCode.ERROR))
            raise


class RequestSpan:
    """The span of one HTTP request, current until `end`."""

    __slots__ = ("_span", "_token", "method", "trace_id")

    def __init__(self, tracer: trace.Tracer, method: str, route: str | None, traceparent: str | None) -> None:
        shown = method if method in _METHODS else "_OTHER"
        self.method = shown
        name = f"{shown} {route}" if route else shown
        parent = _parent(traceparent) if traceparent else _EMPTY
        self._span = tracer.start_span(name, context=parent, kind=SpanKind.SERVER)
        if self._span.is_recording():
            self._span.set_attribute("http.request.method", shown)
            if route:
                self._span.set_attribute("http.route", route)
        self._token: Token[Context] | None = context.attach(trace.set_span_in_context(self._span, _EMPTY))
        here = self._span.get_span_context()
        self.trace_id = f"{here.trace_id:032x}" if here.is_valid else None

    def response_header(self) -> str | None:
        """The value of `traceresponse`, so that a client can name the trace in a question to support."""
        return traceparent_of(self._span)

    def end(self, status: int) -> bool:
        """Finish the span; False when it was finished before."""
        token, self._token = self._token, None
        if token is None:
            return False
        if self._span.is_recording():
            self._span.set_attribute("http.response.status_code", status)
            if status >= 500:
                self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()
        context.detach(token)
        return True
