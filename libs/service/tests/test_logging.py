import json
import logging
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest

from nexoraz.service import logging as logs

PERSONAL = "bob@example.org"


@pytest.fixture
def stream() -> BytesIO:
    made = BytesIO()
    logs.configure("svc", "1.2", stream=made, also_allow=frozenset({"preset"}))
    return made


def lines(stream: BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_only_allowed_keys_are_written_and_the_others_are_counted(stream: BytesIO) -> None:
    logs.get_logger().info("rendered", job_id="j", preset="white", email=PERSONAL, body={"a": PERSONAL})
    (line,) = lines(stream)
    assert (line["event"], line["job_id"], line["preset"], line["service"], line["version"]) == (
        "rendered", "j", "white", "svc", "1.2",
    )  # fmt: skip
    assert line["dropped_keys"] == 2
    assert PERSONAL not in stream.getvalue().decode()


def test_an_allowed_key_cannot_smuggle_an_object(stream: BytesIO) -> None:
    logs.get_logger().info("x", reason={"email": PERSONAL}, error=ValueError(PERSONAL), key="k" * 5000)
    (line,) = lines(stream)
    assert (line["reason"], line["error"], len(line["key"])) == ("dict", "ValueError", 300)
    assert PERSONAL not in stream.getvalue().decode()


def test_records_of_libraries_lose_their_arguments_and_what_exceptions_say(stream: BytesIO) -> None:
    try:
        raise ValueError(PERSONAL)
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", PERSONAL)
    logging.getLogger("some.library").warning(f"failed for {PERSONAL}")
    logging.getLogger("nexoraz.events").warning("lagging behind %s", PERSONAL, extra={"position": 7, "who": PERSONAL})
    first, second, third = lines(stream)
    assert (first["event"], first["error"], first["level"]) == ("failed for %s", "builtins.ValueError", "error")
    assert second["event"] == "message withheld"
    assert (third["event"], third["position"], third["dropped_keys"]) == ("lagging behind %s", 7, 1)
    assert PERSONAL not in stream.getvalue().decode()


def test_a_request_is_logged_by_its_route_and_never_by_its_values(gallery: Any) -> None:
    headers = gallery.signed_in(**{"User-Agent": PERSONAL, "X-Forwarded-For": "203.0.113.9"})
    answer = gallery.client().get(f"/v1/gallery/photos/{gallery.account_id}?q={PERSONAL}", headers=headers)
    gallery.client().get(f"/{PERSONAL}")
    known, unknown = [line for line in gallery.log_lines() if line["event"] == "request"]
    assert (known["route"], known["status"], known["method"]) == ("/v1/gallery/photos/<uuid:photo_id>", 404, "GET")
    assert known["request_id"] == answer.headers["X-Request-Id"]
    assert known["duration_ms"] > 0
    assert unknown["route"] is None
    for value in (PERSONAL, "203.0.113", gallery.account_id, gallery.session_id, gallery.token()):
        assert value.encode() not in gallery.log.getvalue()


def test_below_the_level_nothing_is_written() -> None:
    stream = BytesIO()
    logs.configure("svc", "1", level="WARNING", stream=stream)
    logs.get_logger().info("quiet")
    logging.getLogger("some.library").info("quiet %s", 1)
    logs.get_logger().warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_lines_go_to_the_standard_output_of_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = BytesIO()
    first, second = TextIOWrapper(BytesIO()), TextIOWrapper(kept)
    monkeypatch.setattr("sys.stdout", first)
    logs.configure("svc", "1")
    log = logs.get_logger()
    log.info("one")
    first.close()
    monkeypatch.setattr("sys.stdout", second)
    log.info("two")
    assert b'"two"' in kept.getvalue()
