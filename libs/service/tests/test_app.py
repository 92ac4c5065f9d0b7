from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import request
from sqlalchemy import MetaData

from nexoraz.service.app import Blueprint, body_limit, create_app, openapi_document
from nexoraz.service.settings import Secret, ServiceSettings
from nexoraz.service.tables import auth_tables, idempotency_table

PHOTOS = "/v1/gallery/photos"


@pytest.mark.parametrize("path", ["/livez", "/nowhere", PHOTOS, "/v1/gallery/openapi.json"])
def test_every_answer_has_the_security_headers_and_an_id(gallery: Any, path: str) -> None:
    first, second = (gallery.client().get(path) for _ in range(2))
    assert first.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert first.headers["X-Frame-Options"] == "DENY"
    assert len(first.headers["X-Request-Id"]) == 32
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_a_request_id_of_a_client_is_not_taken_over(gallery: Any) -> None:
    answer = gallery.client().get("/livez", headers={"X-Request-Id": "bob@example.org"})
    assert "bob" not in answer.headers["X-Request-Id"]


def test_a_page_may_set_its_own_policy_and_https_is_insisted_on() -> None:
    pages = Blueprint("pages", __name__)

    @pages.route("/page")
    @pages.response(200)
    def page() -> Any:
        return "<p>", 200, {"Content-Security-Policy": "default-src 'self'"}

    settings = ServiceSettings(database_url=Secret("unused"), public_url="https://nexoraz.example")
    answer = create_app("t", "1", settings, [pages], {}).test_client().get("/v1/t/page")
    assert answer.headers.getlist("Content-Security-Policy") == ["default-src 'self'"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_files_of_a_form_are_never_spooled_to_a_disk() -> None:
    forms = Blueprint("forms", __name__)
    kinds: list[type] = []

    @forms.route("/form", methods=["POST"])
    @body_limit(5_000_000)
    @forms.response(200)
    def form() -> dict[str, int]:
        file = request.files["photo"]
        kinds.append(type(file.stream))
        return {"size": len(file.read())}

    app = create_app("t", "1", ServiceSettings(database_url=Secret("unused")), [forms], {})
    answer = app.test_client().post("/v1/t/form", data={"photo": (BytesIO(b"x" * 2_000_000), "a.png")})
    assert answer.get_json() == {"size": 2_000_000}
    assert kinds == [BytesIO]


def test_the_description_says_what_the_guards_demand(gallery: Any) -> None:
    document = openapi_document(gallery.app)
    assert document == gallery.client().get("/v1/gallery/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    add = document["paths"][PHOTOS]["post"]
    assert {"bearer": []} in add["security"]
    assert {"cookie": []} in add["security"]
    (key,) = [each for each in add["parameters"] if each["name"] == "Idempotency-Key"]
    assert (key["in"], key["required"]) == ("header", True)
    assert {"400", "401", "409", "422"} <= set(add["responses"])
    rename = document["paths"][PHOTOS + "/{photo_id}"]["patch"]
    assert "If-Match" in [each["name"] for each in rename["parameters"]]
    assert {"412", "428"} <= set(rename["responses"])
    assert "403" in document["paths"][PHOTOS + "/all"]["get"]["responses"]
    error = document["components"]["responses"]["UNAUTHORIZED"]["content"]
    assert list(error) == ["application/problem+json"]
    assert document["components"]["schemas"]["NewPhoto"]["additionalProperties"] is False


def test_every_column_of_the_chassis_says_what_it_holds() -> None:
    metadata = MetaData()
    auth_tables(metadata)
    idempotency_table(metadata)
    columns = [column for table in metadata.tables.values() for column in table.columns]
    assert {column.info["data"] for column in columns} == {"pseudonym", "operational", "sealed"}


def test_the_chassis_knows_no_event_and_no_service() -> None:
    source = Path(__file__).parents[1] / "src" / "nexoraz" / "service"
    for file in source.rglob("*.py"):
        for name in ("events", "identity", "assets", "render", "billing", "privacy"):
            assert f"nexoraz.{name}" not in file.read_text(), file


def test_after_a_restore_nothing_is_served_until_it_may_be() -> None:
    lists = Blueprint("lists", __name__)
    may_serve = [False]

    @lists.route("/list")
    @lists.response(200)
    def listed() -> dict[str, int]:
        return {"items": 1}

    settings = ServiceSettings(database_url=Secret("unused"))
    client = create_app("t", "1", settings, [lists], {}, may_serve=lambda: may_serve[0]).test_client()
    for path in ("/v1/t/list", "/v1/t/nowhere", "/v1/t/openapi.json"):
        refused = client.get(path)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5"), path
        assert refused.get_json()["type"].endswith("/catching-up")
    assert (client.get("/livez").status_code, client.get("/readyz").status_code) == (200, 503)
    may_serve[0] = True
    assert client.get("/v1/t/list").get_json() == {"items": 1}
    assert client.get("/readyz").status_code == 200
