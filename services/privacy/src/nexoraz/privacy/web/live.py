"""A request as it happens, history first. The id of an event is its place in the request's history."""

from collections.abc import Sequence

from flask import Response

from nexoraz.privacy.application.streams import request_stream
from nexoraz.privacy.projections.export_progress import progress_of_export
from nexoraz.privacy.projections.requests import progress_of
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.views import Shown, is_last, live_event
from nexoraz.service.live import Happening, LiveStreams, News


class LiveRequests:
    """Serves live streams of requests; at most `desk.most_watchers` at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams = LiveStreams(desk.most_watchers)

    def response(self, request_id: str) -> Response:
        """The stream from where the client left off; 503 when too many watch."""
        return self._streams.response(lambda after: self._news(request_id, after), lambda: self._progress(request_id))

    def _progress(self, request_id: str) -> Sequence[Shown]:
        """How far an export is while it is written."""
        with self._desk.engine.connect() as connection:
            return progress_of_export(connection, request_id)

    def _news(self, request_id: str, after: int) -> News:
        with self._desk.engine.connect() as connection:
            version, ended = progress_of(connection, request_id)
        if version <= after:
            return News(after, ended)
        with self._desk.store.transaction() as tx:
            history = tx.read(request_stream(request_id), after)
        shown = [Happening(recorded.version, *event) for recorded in history if (event := live_event(recorded.event))]
        return News(history[-1].version, any(is_last(recorded.event) for recorded in history), shown)
