"""The names of histories. They belong to the service itself (no account), because they outlive the account."""

from nexoraz.events.event import Stream

REQUEST, PARTICIPANT, EPOCHS = "request", "announced", "epochs"


def request_stream(request_id: str) -> Stream:
    """The history of one request."""
    return Stream.of(REQUEST, request_id, "")


def participant_stream(name: str) -> Stream:
    """The announcements of one participant."""
    return Stream.of(PARTICIPANT, name, "")


def epochs_stream(name: str) -> Stream:
    """The ends of a participant's key epochs."""
    return Stream.of(EPOCHS, name, "")


def request_id_of(stream: Stream) -> str | None:
    """The request whose history this is; None for other histories."""
    category, _, id_ = stream.name.partition("-")
    return id_ if category == REQUEST else None
