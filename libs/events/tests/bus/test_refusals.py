"""What a server that refuses to store something is taken for."""

from nexoraz.events.jetstream import BusRefused
from nexoraz.events.publishing import Diverged, _refusal


def test_a_server_without_room_is_named_and_not_taken_for_another_writer() -> None:
    full = _refusal({"code": 503, "err_code": 10047, "description": "insufficient storage resources available"})
    assert isinstance(full, BusRefused) and "insufficient storage" in str(full)


def test_another_last_message_is_another_writer() -> None:
    assert isinstance(_refusal({"code": 400, "err_code": 10071, "description": "wrong last sequence: 7"}), Diverged)
