"""assets as it runs: web and worker as processes, on real PostgreSQL, NATS and S3."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nexoraz.assets.bootstrap import App
from nexoraz.assets.config import Settings
from nexoraz.events.objects import OpenReleased
from nexoraz.local import ports
from nexoraz.local.testing.real import RealNats
from services.assets.tests.examples import jpeg
from services.assets.tests.integration.conftest import stored
from services.assets.tests.integration.suite import Suite, asked, published, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(180)]
BIG = jpeg(4000, 3000, scan=b"\x55" * 8_000_000)


@pytest.fixture
def suite(app: App, settings: Settings, nats: RealNats, tmp_path: Path) -> Iterator[Suite]:
    given = {
        "DATABASE_URL": settings.database_url.reveal(),
        "VAULT_DATABASE_URL": settings.vault_database_url.reveal(),
        "VAULT_KEK_DIR": str(settings.vault_kek_dir),
        "PUBLIC_URL": settings.public_url,
        "NATS_URL": nats.url,
        "NATS_PASSWORD": nats.passwords["assets"],
        "S3_ENDPOINT": settings.s3_endpoint,
        "S3_ACCESS_KEY": settings.s3_access_key.reveal(),
        "S3_SECRET_KEY": settings.s3_secret_key.reveal(),
        "S3_BUCKET": settings.s3_bucket,
        "PHOTO_BYTES": "12000000",
        "UPLOAD_SECONDS": "60",
        "WEB_WORKERS": "1",
    }
    environment = {**os.environ, **{f"NEXORAZ_{name}": value for name, value in given.items()}}
    suite = Suite(environment, ports.free_range(2), tmp_path / "log")
    yield suite
    for process in suite.running:
        process.terminate()
    for process in suite.running:
        process.wait(30)


def test_a_photo_goes_through_the_suite(suite: Suite, nats: RealNats, app: App) -> None:
    suite.start("web", suite.web_port)
    suite.start("worker", suite.web_port + 1)
    status, photo = suite.call("POST", "/photos?title=Xylophone", BIG)
    assert status == 201, photo
    question = {"account_id": suite.account_id, "photo_id": photo["id"], "purpose": "render"}
    released = json.loads(asked(nats, question)[1])
    assert released["size"] == len(BIG)
    assert b"".join(OpenReleased(released["url"], released["key"]).chunks()) == BIG
    for refused in ({**question, "account_id": "other"}, {**question, "photo_id": "x"}, {**question, "purpose": "x"}):
        assert asked(nats, refused) == ({"nx-refused": "not-found"}, b"")
    assert asked(nats, b"\xff{")[0] == {"nx-refused": "malformed"}
    assert suite.call("DELETE", f"/photos/{photo['id']}", headers={"If-Match": '"v1"'})[0] == 204
    assert asked(nats, question)[0] == {"nx-refused": "not-found"}
    assert suite.call("DELETE", f"/bin/{photo['id']}", headers={"If-Match": '"v2"'})[0] == 204
    until(lambda: stored(app) == [])
    until(lambda: suite.call("GET", f"/photos/{photo['id']}/history")[1]["items"][0]["version"] == 4)
    assert asked(nats, question)[0] == {"nx-refused": "not-found"}
    wanted = [
        f"nexoraz.assets.{name}.v1"
        for name in ("participant-announced", "photo-uploaded", "photo-deleted", "photo-deleted")
    ]
    until(lambda: published(nats) == wanted)
    log = suite.log.read_text()
    assert "Xylophone" not in log and released["key"] not in log
    assert "photo released" in log and photo["id"] in log


def test_a_body_that_trickles_is_ended(suite: Suite, app: App) -> None:
    suite.environment["NEXORAZ_UPLOAD_SECONDS"] = "2"
    suite.start("web", suite.web_port)
    answer = suite.send(["Content-Length: 600000"], [b"\xff\xd8\xff\xe0", b"\0", b"\0"], 1.5)
    assert answer[:12] == b"HTTP/1.1 408"
    assert stored(app) == []


def test_bodies_that_break_or_lie_leave_nothing(suite: Suite, app: App) -> None:
    suite.start("web", suite.web_port)
    whole = f"Content-Length: {len(BIG)}"
    assert suite.send([whole], [BIG[:7_000_000]])[:12] in (b"HTTP/1.1 400", b"")
    assert suite.send(["Transfer-Encoding: chunked"], [b"100000\r\n" + BIG[:100]])[:11] == b"HTTP/1.1 42"
    assert suite.send(["Content-Length: 9999999999"], [])[:12] == b"HTTP/1.1 413"
    assert suite.send(["Content-Length: -5"], [b"x"])[:12] == b"HTTP/1.1 400"
    assert suite.send(["Content-Length: 5", "Transfer-Encoding: chunked"], [b"0\r\n\r\n"])[:12] in (
        b"HTTP/1.1 400",
        b"HTTP/1.1 422",
    )
    until(lambda: stored(app) == [])
    assert suite.call("GET", "/photos")[1] == {"items": [], "next": None}


def test_a_body_that_is_refused_early_still_gets_its_answer(suite: Suite, app: App) -> None:
    suite.start("web", suite.web_port)
    status, problem = suite.call("POST", "/photos", b"GIF89a" + b"\0" * 6_000_000)
    assert (status, problem["found"]) == (415, "image/gif")
    assert stored(app) == []


def test_a_web_process_that_is_killed_amid_an_upload_leaves_no_photo(suite: Suite, app: App) -> None:
    web = suite.start("web", suite.web_port)

    def half() -> Iterator[bytes]:
        yield BIG[:7_000_000]
        time.sleep(0.5)
        web.kill()

    suite.send([f"Content-Length: {len(BIG)}"], half())
    web.wait(10)
    with app.runtime.engine.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT kind, state FROM tasks").all()
        assert [tuple(kind) for kind in kinds] == [("sweep-upload", "due")]
        connection.exec_driver_sql("UPDATE tasks SET run_at = now()")
        connection.commit()
    suite.start("worker", suite.web_port + 1)
    until(lambda: stored(app) == [])


def test_the_api_serves_while_the_bus_is_away_and_the_facts_follow(suite: Suite, nats: RealNats) -> None:
    nats.stop()
    suite.start("web", suite.web_port)
    suite.spawn("worker", suite.web_port + 1)
    status, photo = suite.call("POST", "/photos", jpeg())
    assert status == 201 and suite.call("GET", f"/photos/{photo['id']}")[0] == 200
    nats.start()
    until(lambda: "nexoraz.assets.photo-uploaded.v1" in published(nats))
