"""Canaries in every place where a person can write, and the raw bytes of every file that the suite keeps."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from tests.forensics import pictures
from tests.forensics.canaries import COMPRESSED, ENCODINGS, Canaries
from tests.forensics.raw_files import Reading, files_below, held_open, processes, read_all
from tests.forensics.writing import Writer
from tests.journey.demo import PRESETS, ROOT
from tests.journey.person import Person, until
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


class Scene:
    """All files of a running suite: its data, the temporary folder of its processes, the supervisor's log, and what
    they hold open without a name. The mailbox and the payment company, in the same temporary folder, are others'."""

    def __init__(self, suite: RunningSuite) -> None:
        self.suite, self.layout = suite, Layout(ROOT, suite.var, suite.port)
        self.credentials = Credentials(self.layout.secrets)
        self.temporary = suite.var.parent / "tmp"
        self.others = sorted(self.temporary.glob("nexoraz-*/*"))

    def checkpoint(self) -> None:
        """Have PostgreSQL write its pages."""
        password = self.credentials.get("postgres-admin")
        address = {"host": "127.0.0.1", "port": self.layout.postgres_port, "user": "postgres", "password": password}
        with psycopg.connect(**address, dbname="postgres", autocommit=True) as database:  # type: ignore[arg-type]
            database.execute("CHECKPOINT")

    def files(self) -> Iterator[Path]:
        yield self.suite.var.parent / "run.log"
        yield from files_below(self.suite.var)
        yield from self.passing_files()

    def passing_files(self) -> Iterator[Path]:
        """What is not meant to stay."""
        own = (path for path in files_below(self.temporary) if not any(map(path.is_relative_to, self.others)))
        yield from own
        yield from held_open(processes(self.layout.run))

    def read(self, canaries: Canaries) -> Reading:
        self.checkpoint()
        return read_all(self.files(), canaries)


def live(person: Person, canaries: Canaries, photos: list[bytes]) -> None:
    """Everything that is accepted: account, photos, credits, pictures, export. What is given back is searched too."""
    details = {"email": person.email, "password": person.password, "name": canaries.text("name")}
    body = details | {"country": "DE", "birth_date": "1990-04-01"}
    person.call("POST", "/v1/identity/accounts", body, Idempotency_Key=canaries.text("key of an account"))
    person.call("POST", "/v1/identity/accounts", body)
    token = until(person._mailed_token, "the verification mail came")
    canaries.secret("verification token that was mailed", token)
    person.call("POST", "/v1/identity/accounts/verification", {"token": token})
    person.sign_in()
    canaries.secret("access token", person.token)
    named = {"Content_Disposition": f'attachment; filename="{canaries.text("file name of a photo")}.jpg"'}
    ids = []
    for number, photo in enumerate(photos):
        title, key = canaries.text(f"title {number}"), canaries.text(f"key of photo {number}")
        path = f"/v1/assets/photos?title={title}%20{title}"
        kind = "image/png" if photo.startswith(b"\x89PNG") else "image/jpeg"
        answer = person.raw("POST", path, photo, Content_Type=kind, Idempotency_Key=key, **named)
        ids.append(json.loads(answer)["id"])
    person.buy()
    for photo_id, preset in ((ids[0], PRESETS[0]), (ids[0], PRESETS[2]), (ids[1], PRESETS[1])):
        _, picture = person.render(photo_id, preset)
        canaries.content(f"{preset} picture", picture, ("plain",))
    change(person, "/v1/identity/profile", {"name": person.password})
    change(person, f"/v1/assets/photos/{ids[0]}", {"title": canaries.text("title that was changed")})
    change(person, f"/v1/assets/photos/{ids[0]}", {"tags": [canaries.text("tag"), f"of {canaries.text('second tag')}"]})
    for kind in ("title that was changed", "tag"):
        found = person.call("GET", f"/v1/assets/search?q={canaries.text(kind)}")
        assert [photo["id"] for photo in found["items"]] == [ids[0]], kind
    keep_export(person, canaries)


def change(person: Person, path: str, body: dict[str, Any]) -> None:
    tag = person._http.request(
        "GET", person.places.suite + path, headers={"Authorization": f"Bearer {person.token}"}
    ).headers["ETag"]
    person.call("PATCH", path, body, If_Match=tag)


def keep_export(person: Person, canaries: Canaries) -> None:
    """The archive and what it holds is looked for as well; that it holds canaries shows that they were written."""
    archive = person.export()
    canaries.content("export as a zip", archive, ("plain",))
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        held = b"".join(opened.read(name) for name in opened.namelist() if not name.startswith("files/"))
    for kind in ("email", "password", "title 1", "title that was changed", "tag"):  # the password was typed as the name
        assert canaries.text(kind).encode() in held, f"the export does not hold the {kind}"


def write_everything_else(suite: RunningSuite, scene: Scene, writer: Writer) -> None:
    writer.header_everywhere()
    writer.addresses()
    writer.bodies()
    writer.typed_wrong()
    writer.webhooks(scene.credentials.get("stripe-webhook-secret", prefix="whsec_"))
    writer.nonsense(suite.port)
    for service in SERVICES:
        writer.nonsense(scene.layout.web_port(service))
        writer.nonsense(scene.layout.worker_port(service))


def test_no_file_holds_what_a_person_wrote_in_life_or_after_erasure(suite: RunningSuite) -> None:
    canaries, scene = Canaries(), Scene(suite)
    person = Person(suite.places, canaries.text("email") + "@example.org")
    person.password = canaries.text("password")
    writer = Writer(person, canaries, {})
    photos = [pictures.jpeg(canaries), pictures.png(canaries)]
    live(person, canaries, photos)
    with writer.half_an_upload(photos[0]):
        passing = read_all(scene.passing_files(), canaries)
    write_everything_else(suite, scene, writer)
    in_life = scene.read(canaries)
    request_id, token = person.ask_erasure()
    canaries.secret("token of a request", token)
    assert [name for name, _ in person.watch(request_id, token)][-1] == "completed"
    writer.typed_wrong()
    after = scene.read(canaries)
    outside = read_all(files_below(*scene.others), canaries)

    failed = [what for what, status in writer.statuses.items() if status == 500]
    assert failed == []
    assert (writer.statuses["forged webhook"], writer.statuses["genuine webhook"]) == (400, 204)
    assert passing.hits == [], "while half of an upload had arrived: " + passing.report()
    assert in_life.hits == [], "in life: " + in_life.report()
    assert after.hits == [], "after erasure: " + after.report()
    assert "email" in outside.kinds(), "not even the mailbox holds the address: this search finds nothing at all"
    check_everything_was_read(in_life, suite)


def check_everything_was_read(reading: Reading, suite: RunningSuite) -> None:
    """A search of too little would find nothing as well."""
    seen = "\n".join(name.removeprefix(str(suite.var)) for name in reading.seen)
    for part in ("/postgres/base/", "/postgres/pg_wal/", "/nats/jetstream/", "/s3/", "/log/", "/secrets/", "run.log"):
        assert part in seen, f"no file of {part} was read"
    volumes = sum(size for name, size in reading.seen.items() if "/s3/" in name and name.endswith(".dat"))
    assert volumes > 100_000, f"the volumes held {volumes} bytes only: no photo was there to be found"


@pytest.mark.parametrize("how", ENCODINGS)
def test_a_canary_in_any_file_is_found(how: str, tmp_path: Path) -> None:
    canaries = Canaries()
    other, text = canaries.text("another"), canaries.text("the one that leaked")
    leak = tmp_path / "deep" / "file"
    leak.parent.mkdir()
    leak.write_bytes(b"\xff" * 4_194_300 + ENCODINGS[how](text.encode()) + b"\xff" * 100)
    reading = read_all(files_below(tmp_path), canaries)
    assert reading.kinds() == {"the one that leaked"}, (reading.report(), other)
    assert {(hit.file, hit.how) for hit in reading.hits} == {(str(leak), how)}
    assert str(leak) in reading.report()
    assert "the one that leaked" in reading.report()


def test_a_canary_in_the_data_of_a_running_suite_is_found(suite: RunningSuite) -> None:
    canaries, scene = Canaries(), Scene(suite)
    leaks = [suite.var / "log" / f"control-{uuid4().hex}.log", scene.temporary / f"control-{uuid4().hex}"]
    try:
        for leak in leaks:
            leak.write_text(f"a line with {canaries.text('a planted one')}\n")
        reading = scene.read(canaries)
    finally:
        for leak in leaks:
            leak.unlink(missing_ok=True)
    assert {hit.file for hit in reading.hits} == set(map(str, leaks))
    assert reading.kinds() == {"a planted one"}
    assert read_all(scene.files(), canaries).hits == []


def test_a_canary_in_a_table_of_the_running_suite_is_found(suite: RunningSuite) -> None:
    """The way through PostgreSQL: heap after a checkpoint, the write-ahead log before."""
    canaries, scene = Canaries(), Scene(suite)
    password = scene.credentials.get("postgres-admin")
    address = {"host": "127.0.0.1", "port": scene.layout.postgres_port, "user": "postgres", "password": password}
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as database:  # type: ignore[arg-type]
        database.execute("CREATE TABLE control (short text, long text)")
        short, long = canaries.text("short value"), f"{canaries.text('long value')} " * 1000
        database.execute("INSERT INTO control VALUES (%s, %s)", (short, long))
        reading = scene.read(canaries)
        database.execute("DROP TABLE control")
    places = {part for hit in reading.hits for part in ("/base/", "/pg_wal/") if part in hit.file}
    assert places == {"/base/", "/pg_wal/"}
    assert reading.kinds() == {"short value", COMPRESSED}
