"""How often one may ask, whichever processes answer: never more than the quota, and each answer says what is left."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from nexoraz.service.allowances import ACCOUNT, ADDRESS, SHARES, Allowances, Quota
from nexoraz.service.app import Blueprint, create_app
from nexoraz.service.idempotency import IdempotencyKeys
from nexoraz.service.limits import limited
from nexoraz.service.settings import Secret, ServiceSettings

from .conftest import Clock, Gallery, Sealer

pytestmark = pytest.mark.real
FEW = Quota("few", 100)


@pytest.fixture
def clock() -> Iterator[Clock]:
    yield Clock()


def process(engine: Engine, clock: Clock, factor: int = 1) -> Allowances:
    sealer = Sealer()
    keys = IdempotencyKeys(b"a secret of 32 bytes............", sealer.seal, sealer.open)
    return Allowances(engine, keys.digest, factor, clock)


def test_processes_together_admit_the_quota_and_no_more(engine: Engine, clock: Clock) -> None:
    processes = [process(engine, clock) for _ in range(3)]
    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(processes[n % 3].take, FEW, "ada") for n in range(300)]
        admitted = sum(each.result().admitted for each in asked)
    assert FEW.requests - 3 * FEW.requests // SHARES <= admitted <= FEW.requests


def test_one_process_admits_exactly_the_quota(engine: Engine, clock: Clock) -> None:
    one = process(engine, clock)
    standings = [one.take(FEW, "ada") for _ in range(FEW.requests + 5)]
    assert [each.admitted for each in standings] == [True] * FEW.requests + [False] * 5
    assert [each.left for each in standings] == [*range(FEW.requests - 1, -1, -1), *[0] * 5]


def test_subjects_and_quotas_do_not_touch_each_other(engine: Engine, clock: Clock) -> None:
    one = process(engine, clock)
    for _ in range(FEW.requests + 1):
        one.take(FEW, "ada")
    assert one.take(FEW, "bob").left == FEW.requests - 1
    assert one.take(Quota("other", 7), "ada").left == 6


def test_the_next_window_is_whole_again(engine: Engine, clock: Clock) -> None:
    one, other = process(engine, clock), process(engine, clock)
    for _ in range(FEW.requests + 1):
        refused = one.take(FEW, "ada")
    assert not refused.admitted
    assert not other.take(FEW, "ada").admitted
    clock.ahead += refused.resets_s
    assert one.take(FEW, "ada").left == FEW.requests - 1
    assert other.take(FEW, "ada").admitted


def test_a_factor_multiplies_every_quota(engine: Engine, clock: Clock) -> None:
    assert process(engine, clock, factor=10).take(FEW, "ada").left == 999


def test_a_share_is_one_statement(engine: Engine, clock: Clock) -> None:
    one = process(engine, clock)
    for _ in range(FEW.requests // SHARES):
        one.take(FEW, "ada")
    with engine.connect() as connection:
        taken = connection.exec_driver_sql("select taken from allowances").scalar_one()
    assert taken == FEW.requests // SHARES


def test_rows_name_nobody(engine: Engine, clock: Clock) -> None:
    process(engine, clock).take(FEW, "203.0.113.9")
    with engine.begin() as connection:
        [row] = connection.exec_driver_sql("select * from allowances").all()
    assert b"203.0.113.9" not in row.subject


@pytest.mark.parametrize("path", ["/v1/gallery/photos", "/v1/gallery/photos/x", "/nowhere", "/v1/gallery/photos/all"])
def test_every_answer_says_where_one_stands(gallery: Gallery, path: str) -> None:
    for headers in ({}, gallery.signed_in()):
        answer = gallery.client().get(path, headers=headers)
        name = '"account"' if headers else '"address"'
        assert answer.headers["RateLimit"].startswith(f"{name};r="), answer.status
        assert answer.headers["RateLimit-Policy"].startswith(f"{name};q=")


def test_health_is_not_counted(gallery: Gallery) -> None:
    assert "RateLimit" not in gallery.client().get("/livez").headers


def test_too_many_requests_are_refused_with_the_time_to_wait(gallery: Gallery) -> None:
    client = gallery.client()
    for _ in range(ADDRESS.requests):
        assert client.get("/nowhere").status_code == 404
    refused = client.get("/nowhere")
    assert refused.status_code == 429
    assert refused.json is not None
    assert refused.json["type"].endswith("/too-many-requests")
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"] <= ADDRESS.window_s
    assert refused.headers["RateLimit"] == f'"address";r=0;t={refused.json["retry_after"]}'
    assert client.get("/v1/gallery/photos", headers=gallery.signed_in()).status_code == 200
    gallery.clock.ahead += ADDRESS.window_s
    assert client.get("/nowhere").status_code == 404


def test_an_invented_token_counts_as_its_address(gallery: Gallery) -> None:
    for token in ("x", gallery.token()[:-4] + "AAAA"):
        answer = gallery.client().get("/v1/gallery/photos", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
        assert answer.headers["RateLimit"].startswith('"address";')


def test_an_account_is_counted_wherever_it_asks_from(gallery: Gallery) -> None:
    client, account = gallery.client(), str(uuid4())
    standing = []
    for n in range(3):
        headers = {"Authorization": f"Bearer {gallery.token(account_id=account)}", "X-Forwarded-For": f"203.0.113.{n}"}
        standing.append(client.get("/v1/gallery/photos", headers=headers).headers["RateLimit"].split(";")[1])
    assert standing == [f"r={ACCOUNT.requests - n}" for n in (1, 2, 3)]


def limited_page(engine: Engine, clock: Clock) -> FlaskClient:
    pages = Blueprint("pages", __name__)

    @pages.route("/dear", methods=["GET"])
    @limited(Quota("dear", 2))
    @pages.response(200)
    def dear() -> dict[str, str]:
        """Costs much."""
        return {}

    settings = ServiceSettings(database_url=Secret("unused"))
    app: Flask = create_app("t", "1", settings, [pages], {}, allowances=process(engine, clock))
    return app.test_client()


def test_what_is_dear_has_a_quota_of_its_own(engine: Engine, clock: Clock) -> None:
    client = limited_page(engine, clock)
    answers = [client.get("/v1/t/dear") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [*answers[1].headers.getlist("RateLimit")] == ['"address";r=598;t=60', '"dear";r=0;t=60']


def test_when_the_database_is_away_nothing_is_admitted(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery.engine.dispose()
    broken = gallery.engine.url.set(port=1)
    monkeypatch.setattr(gallery.engine.dialect, "connect", lambda *_a, **_k: _refuse(broken))
    assert gallery.client().get("/nowhere").status_code == 503


def _refuse(_: object) -> None:
    import psycopg

    raise psycopg.OperationalError("connection refused")
