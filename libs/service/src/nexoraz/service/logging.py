"""Structured logs: one JSON object a line, and no personal data by construction.

Only keys of an allow-list are written; others are dropped and counted. Values are scalars, or lists of them, cut
to 300 characters. Records of other libraries (the standard `logging`) appear as their message template, without
the arguments and without the exception's text, since both may quote a request; only their kind and place stay. A
record without arguments was formatted before it came here, so its text is withheld unless it is our own.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger

ALLOWED = frozenset({
    "event", "level", "timestamp", "service", "version", "process",
    "request_id", "trace_id", "span_id", "route", "method", "status", "duration_ms",
    "error", "frames", "sqlstate", "constraint", "logger", "place",
    "event_id", "event_type", "consumer", "partition", "position", "stream_name", "attempt", "count", "pending",
    "job_id", "check", "reason", "elapsed_ms", "bind", "workers", "threads", "port", "kid", "key", "revision", "signal",
    "part", "kind", "task", "producer", "worker", "id", "state", "attempts", "after", "fault", "sequence",
    "desk", "action", "done", "operator",
})  # fmt: skip
"""Keys whose values never are about a person: names of our own parts, counts, times, ids of our own records."""

_LONGEST = 300
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
_encode = msgspec.json.Encoder().encode


class _Keep:
    """The structlog processor that lets through what is on the allow-list."""

    def __init__(self, allowed: frozenset[str], fixed: Mapping[str, str]) -> None:
        self._allowed = allowed
        self._fixed = dict(fixed)

    def __call__(self, _logger: Any, _method: str, facts: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        kept: dict[str, Any] = {}
        dropped = 0
        for name, value in facts.items():
            if name not in self._allowed:
                dropped += 1
            elif value is not None:
                kept[name] = _plain(value)
        kept |= self._fixed
        if dropped:
            kept["dropped_keys"] = dropped
        return kept


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return type(value).__name__


def _render(_logger: Any, _method: str, facts: MutableMapping[str, Any]) -> bytes:
    return _encode(facts)


class _StandardRecords(logging.Handler):
    """Brings records of the standard `logging` into the same lines, as templates without arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._pass_on(record)
        except Exception:  # the contract of logging.Handler: a broken record must not break the caller
            self.handleError(record)

    @staticmethod
    def _pass_on(record: logging.LogRecord) -> None:
        facts = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        facts |= {"logger": record.name, "place": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[0]:
            facts["error"] = f"{record.exc_info[0].__module__}.{record.exc_info[0].__qualname__}"
        ours = record.name.startswith("nexoraz.")
        event = record.msg if isinstance(record.msg, str) and (record.args or ours) else "message withheld"
        get_logger().log(max(record.levelno, logging.DEBUG), event, **facts)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a record was lost, without printing its arguments as the standard library would."""
        sys.stderr.write(f'{{"event":"a log record could not be written","logger":"{record.name}"}}\n')


class _StandardOutput:
    """Standard output as it is when a line is written: loggers are kept for ever, and a process may replace its own."""

    def write(self, line: bytes) -> int:
        return sys.stdout.buffer.write(line)

    def flush(self) -> None:
        sys.stdout.buffer.flush()


def configure(
    service: str,
    version: str,
    level: str = "INFO",
    also_allow: frozenset[str] = frozenset(),
    stream: BinaryIO | None = None,
) -> None:
    """Set up structlog and the standard logging of this process. Call it once, at its start.

    also_allow: further keys a service may log; naming one here is the promise that it never is about a person.
    """
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    sink = cast(BinaryIO, stream or _StandardOutput())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _Keep(ALLOWED | also_allow, {"service": service, "version": version}),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(sink),
        cache_logger_on_first_use=stream is None,
    )
    _Sink.logger = structlog.BytesLogger(sink) if threshold <= logging.INFO else None
    _Sink.service, _Sink.version = service, version
    root = logging.getLogger()
    root.handlers = [_StandardRecords()]
    root.setLevel(max(threshold, logging.INFO))


class RequestLine(msgspec.Struct, frozen=True):
    """The log of one request: its type is its allow-list, so it goes to the stream without further processing."""

    method: str
    route: str | None
    status: int
    duration_ms: float
    request_id: str
    trace_id: str | None
    event: str = "request"
    level: str = "info"
    timestamp: str = ""
    service: str = ""
    version: str = ""


class _Sink:
    """Where request lines go: `configure` sets it; until then, and above level INFO, nowhere."""

    logger: structlog.BytesLogger | None = None
    service = ""
    version = ""


def log_request(line: RequestLine) -> None:
    """Write one line for a finished request."""
    logger = _Sink.logger
    if logger is None:
        return
    stamped = msgspec.structs.replace(
        line,
        timestamp=datetime.now(UTC).isoformat(timespec="milliseconds"),
        service=_Sink.service,
        version=_Sink.version,
    )
    logger.info(_encode(stamped))


def get_logger() -> FilteringBoundLogger:
    """The logger of this process: `get_logger().info("credits reserved", job_id=…)`; the event is a constant."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger
