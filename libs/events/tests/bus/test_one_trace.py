"""A request's trace goes on over the store, NATS, the handler, what the handler appends, and its tasks."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from nexoraz.events import inbox, task_runner
from nexoraz.events.contracts import Received
from nexoraz.events.event import Stream
from nexoraz.events.store import Transaction
from nexoraz.events.tasks import Task, TaskQueue
from nexoraz.events.tracing import current_traceparent, parent_of

from .conftest import NewShop
from .shop import TABLES, Confirmed, OrderSeen, Shop, eventually


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for module in (inbox, task_runner):
        monkeypatch.setattr(module, "tracer", provider.get_tracer("test"))
    yield provider, exporter
    provider.shutdown()


def named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    return next(span for span in exporter.get_finished_spans() if span.name == name)


def test_request_message_handler_event_and_task_are_one_trace(
    new_shop: NewShop, assets: Shop, spans: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    provider, exporter = spans
    queue, done = TaskQueue(TABLES), []

    def see(tx: Transaction, received: Received) -> None:
        tx.append(Stream.of("seen", received.key, received.key), 0, [OrderSeen(received.key, 1)])
        queue.enqueue(tx, "work", received.key, {})

    def work(task: Task) -> None:
        done.append(task.payload)

    render = new_shop("render", {Confirmed: see}, tasks=queue, task_handlers={"work": work})
    with assets.running(), render.running():
        with provider.get_tracer("test").start_as_current_span("POST /orders") as request:
            assets.place("ada")
        eventually(lambda: done == [{}])
        eventually(lambda: len(exporter.get_finished_spans()) == 3)
    consumed, worked = named(exporter, "consume order-confirmed"), named(exporter, "task work")
    assert request.get_span_context() is not None
    trace_id = request.get_span_context().trace_id
    assert consumed.parent is not None
    assert worked.parent is not None
    assert consumed.parent.span_id == request.get_span_context().span_id
    assert worked.parent.span_id == consumed.context.span_id
    assert {consumed.context.trace_id, worked.context.trace_id} == {trace_id}
    ((traceparent,),) = render.rows("SELECT traceparent FROM events")
    assert traceparent.startswith(f"00-{trace_id:032x}-{consumed.context.span_id:016x}-")


def test_a_malformed_header_begins_no_trace_and_breaks_nothing() -> None:
    for header in ("", "00", "00-xyz-1-01", "a-b-c-d-e"):
        assert not trace.get_current_span(parent_of(header)).get_span_context().is_valid
    assert current_traceparent() is None


def test_a_span_of_work_that_fails_is_marked_and_quotes_nothing(
    new_shop: NewShop, assets: Shop, spans: tuple[TracerProvider, InMemorySpanExporter]
) -> None:
    provider, exporter = spans

    def refuse(tx: Transaction, received: Received) -> None:
        raise LookupError("ada@example.org")

    render = new_shop("render", {Confirmed: refuse})
    with assets.running(), render.running():
        with provider.get_tracer("test").start_as_current_span("POST /orders"):
            assets.place("ada")
        eventually(lambda: len(exporter.get_finished_spans()) >= 2)
    consumed = named(exporter, "consume order-confirmed")
    assert not consumed.status.is_ok
    assert "ada@" not in consumed.to_json()
