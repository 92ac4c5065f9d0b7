"""W3C Trace Context between the store, the bus and the handlers, on the OpenTelemetry API alone.

Spans hold names of our own types and kinds and nothing else. An exception's text is never recorded: it may quote a
person's data.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer

_ODD = frozenset("13579bdf")


def current_traceparent() -> str | None:
    """The current span as a `traceparent`, for SqlEventStore; None outside of a trace."""
    return traceparent_of(trace.get_current_span())


def traceparent_of(span: Span) -> str | None:
    """The `traceparent` that names `span` as the parent."""
    here = span.get_span_context()
    return f"00-{here.trace_id:032x}-{here.span_id:016x}-{here.trace_flags:02x}" if here.is_valid else None


def is_recorded(traceparent: str) -> bool:
    """Whether somebody records this trace: the lowest of its flags."""
    return traceparent[-1:] in _ODD


def parent_of(traceparent: str) -> Context:
    """A context whose current span is the remote one; the present context when the header is malformed."""
    parts = traceparent.split("-")
    try:
        _, trace_id, span_id, flags = parts
        remote = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
    except ValueError:
        return context.get_current()
    return trace.set_span_in_context(NonRecordingSpan(remote))


@contextmanager
def continued(tracer: Tracer, traceparent: str, name: str, kind: SpanKind) -> Iterator[Span]:
    """Run the block as a span of the trace that caused it; one that raises is marked, without what it says."""
    with tracer.start_as_current_span(
        name, context=parent_of(traceparent), kind=kind, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException:
            span.set_status(Status(StatusCode.ERROR))
            raise
