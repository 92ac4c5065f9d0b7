"""W3C Trace Context between the store, the bus and the handlers, on the OpenTelemetry API alone."""

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags


def current_traceparent() -> str | None:
    """The current span as a `traceparent`, for SqlEventStore; None outside of a trace."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def parent_of(traceparent: str) -> Context:
    """A context whose current span is the remote one; the present context when the header is malformed."""
    parts = traceparent.split("-")
    try:
        _, trace_id, span_id, flags = parts
        remote = SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(int(flags, 16)))
    except ValueError:
        return context.get_current()
    return trace.set_span_in_context(NonRecordingSpan(remote))
