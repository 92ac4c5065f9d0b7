"""A POST with an Idempotency-Key has its effects once, whatever is repeated, raced or killed."""

import subprocess
import sys
import threading
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from nexoraz.service.idempotency import IdempotencyKeys, Once, forget

PHOTOS = "/v1/gallery/photos"


def post(gallery: Any, title: str, key: str = "key-1", **more: str) -> Any:
    headers = gallery.signed_in(**{"Idempotency-Key": key}, **more)
    return gallery.client().post(PHOTOS, json={"title": title}, headers=headers)


def test_the_same_request_is_answered_again_byte_for_byte_and_has_no_second_effect(gallery: Any) -> None:
    first, second = post(gallery, "a"), post(gallery, "a")
    assert first.status_code == second.status_code == 201
    assert first.data == second.data
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert gallery.photos() == 1


def test_the_same_key_for_another_request_is_refused(gallery: Any) -> None:
    post(gallery, "a")
    answer = post(gallery, "b")
    assert answer.status_code == 422
    assert answer.get_json(force=True)["type"].endswith("/idempotency-key-reused")
    assert gallery.photos() == 1


def test_the_same_key_of_another_account_is_another_key(gallery: Any) -> None:
    post(gallery, "a")
    gallery.account_id = str(uuid4())
    assert post(gallery, "b").status_code == 201
    assert gallery.photos() == 2


@pytest.mark.parametrize("key", [None, "", "   ", "x" * 256, "tab\tin", "é"])
def test_without_a_usable_key_nothing_is_done(gallery: Any, key: str | None) -> None:
    headers = gallery.signed_in() | ({} if key is None else {"Idempotency-Key": key})
    answer = gallery.client().post(PHOTOS, json={"title": "a"}, headers=headers)
    assert answer.status_code == 400
    assert answer.get_json(force=True)["type"].endswith("/idempotency-key-required")
    assert gallery.photos() == 0


def test_a_refusal_is_not_remembered(gallery: Any) -> None:
    assert post(gallery, "one too many").status_code == 409
    assert post(gallery, "another title").status_code == 201


def test_a_first_request_that_dies_before_its_commit_leaves_neither_effect_nor_key(gallery: Any) -> None:
    def die(conn: Any) -> None:
        gallery.during.clear()
        conn.exec_driver_sql("select pg_terminate_backend(pg_backend_pid())")

    gallery.during.append(die)
    assert post(gallery, "a").status_code == 503
    assert gallery.photos() == 0
    retried = post(gallery, "a")
    assert retried.status_code == 201
    assert "Idempotency-Replayed" not in retried.headers
    assert gallery.photos() == 1


KILLED = """
import sys, time
import psycopg
from nexoraz.service.idempotency import IdempotencyKeys, Once
conn = psycopg.connect(sys.argv[1])
keys = IdempotencyKeys(b"a secret of 32 bytes............", lambda _, plain: plain, lambda _, sealed: sealed)
once = Once(keys, sys.argv[2], "POST /v1/gallery/photos", "key-1", b"")
once.begin(conn)
conn.execute("insert into photos values (gen_random_uuid(), 'account', 'a', 1)")
print("begun", flush=True)
time.sleep(60)
"""


def test_a_process_killed_in_the_middle_neither_blocks_nor_repeats(gallery: Any, dsn: str) -> None:
    command = [sys.executable, "-c", KILLED, dsn, gallery.account_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        assert post(gallery, "a").status_code == 409
        process.kill()
    deadline = time.monotonic() + 5
    while (answer := post(gallery, "a")).status_code == 409 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answer.status_code == 201
    assert gallery.photos() == 1


def test_a_second_request_while_the_first_runs_gets_409_and_later_the_answer(gallery: Any) -> None:
    running, release = threading.Event(), threading.Event()

    def linger(_conn: Any) -> None:
        gallery.during.clear()
        running.set()
        assert release.wait(10)

    gallery.during.append(linger)
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(post(gallery, "a")))
    first.start()
    assert running.wait(10)
    raced = post(gallery, "a")
    release.set()
    first.join()
    assert (raced.status_code, raced.headers["Retry-After"]) == (409, "1")
    assert answers[0].status_code == 201
    assert post(gallery, "a").data == answers[0].data
    assert gallery.photos() == 1


def test_many_at_once_have_one_effect(gallery: Any) -> None:
    start = threading.Barrier(8)
    statuses: list[int] = []

    def send() -> None:
        start.wait()
        statuses.append(post(gallery, "a").status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert gallery.photos() == 1


def test_should_the_lock_fail_the_primary_key_still_stands(gallery: Any) -> None:
    """On a repeatable-read snapshot the first's row is not seen, and yet the second cannot finish."""
    keys = IdempotencyKeys(b"0123456789abcdef", lambda _, plain: plain[::-1], lambda _, sealed: sealed[::-1])
    with gallery.app.test_request_context(), gallery.engine.connect() as first, gallery.engine.connect() as second:
        first.execution_options(isolation_level="REPEATABLE READ")
        first.execute(text("select 1"))
        with second.begin():
            done = Once(keys, "account", "POST /x", "key", b"content")
            done.begin(second)
            done.finish(second, {"ok": True})
        late = Once(keys, "account", "POST /x", "key", b"content")
        late.begin(first)
        with pytest.raises(Exception, match=r"SerializationFailure|idempotency-key-in-use"):
            late.finish(first, {"ok": True})


def test_what_is_stored_holds_nothing_of_the_request_or_the_answer_in_plaintext(gallery: Any) -> None:
    title = "a title that is personal"
    stored_id = post(gallery, title, key="a personal key").get_json()["id"]
    with gallery.engine.connect() as conn:
        rows = conn.execute(text("select * from idempotency_keys")).all()
    assert len(rows) == 1
    stored = b"".join(bytes(value) if isinstance(value, bytes) else str(value).encode() for value in rows[0])
    for part in (title, "personal", stored_id, "a personal key"):
        assert part.encode() not in stored


def test_a_key_expires_after_a_day_whether_removed_or_not(gallery: Any) -> None:
    age = text("update idempotency_keys set created_at = now() - interval '25 hours'")
    post(gallery, "a")
    with gallery.engine.begin() as conn:
        conn.execute(age)
    assert post(gallery, "b").status_code == 201
    assert post(gallery, "b").headers["Idempotency-Replayed"] == "true"


def test_erasure_deletes_the_keys_of_one_account(gallery: Any) -> None:
    post(gallery, "a")
    erased, gallery.account_id = gallery.account_id, str(uuid4())
    post(gallery, "b")
    with gallery.engine.begin() as conn:
        forget(conn, erased)
        left = conn.execute(text("select account_id from idempotency_keys")).scalars().all()
    assert left == [gallery.account_id]


def test_a_view_that_forgets_to_begin_fails_before_it_commits(gallery: Any) -> None:
    keys = IdempotencyKeys(b"0123456789abcdef", lambda _, plain: plain, lambda _, sealed: sealed)
    once = Once(keys, "", "POST /x", "key", b"")
    with gallery.engine.connect() as conn, pytest.raises(RuntimeError, match="begin"):
        once.finish(conn, {})


def test_a_streamed_upload_is_told_apart_by_its_content(gallery: Any) -> None:
    headers = gallery.signed_in(**{"Idempotency-Key": "upload", "Content-Type": "image/png"})

    def upload(body: bytes) -> Any:
        return gallery.client().post(f"{PHOTOS}/raw", data=body, headers=headers)

    assert upload(b"x" * 200_000).get_json() == {"size": 200_000}
    assert upload(b"x" * 200_000).headers["Idempotency-Replayed"] == "true"
    assert upload(b"x" * 199_999).status_code == 422
    assert upload(b"x" * 1_000_001).status_code == 413


def test_the_driver_connection_serves_as_well_as_sqlalchemys(gallery: Any, dsn: str) -> None:
    keys = IdempotencyKeys(b"0123456789abcdef", lambda _, plain: plain[::-1], lambda _, sealed: sealed[::-1])
    with gallery.app.test_request_context(), psycopg.connect(dsn) as conn:
        once = Once(keys, "account", "POST /x", "key", b"content")
        once.recall(conn)
        once.begin(conn)
        once.finish(conn, None, status=204)
        conn.commit()
        with pytest.raises(Exception, match="answered before"):
            once.recall(conn)


def test_a_short_hash_key_is_not_accepted() -> None:
    with pytest.raises(ValueError, match="16"):
        IdempotencyKeys(b"short", lambda _, plain: plain, lambda _, sealed: sealed)
