"""A small but whole service (a gallery of titles) on a real PostgreSQL, which the tests drive and disturb."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, Response, request
from flask.testing import FlaskClient
from marshmallow import fields, validate
from sqlalchemy import Engine, MetaData, text

from nexoraz.service import logging as logs
from nexoraz.service.allowances import Allowances
from nexoraz.service.app import Blueprint, Schema, body_limit, create_app
from nexoraz.service.auth import Authenticator, Caller, auth_tables, authenticated, operator, remember_key
from nexoraz.service.database import make_engine, ping
from nexoraz.service.etags import needs_if_match, not_modified, require_if_match, with_etag
from nexoraz.service.idempotency import IdempotencyKeys, Once, idempotent, idempotent_stream
from nexoraz.service.migrate import migrate
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import Refusals, not_found
from nexoraz.service.settings import Secret, ServiceSettings
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, sign_token

MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass
class GalleryFull(Exception):
    limit: int
    hint: object = None


class NewPhoto(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 120))
    tags = fields.List(fields.String(validate=validate.Length(1, 5)))


class PhotoView(Schema):
    id = fields.UUID(required=True)
    title = fields.String(required=True)
    version = fields.Integer(required=True)


@dataclass
class Sealer:
    """Seals with AES-GCM under one key; `forgotten` owners' keys are destroyed."""

    key: AESGCM = field(default_factory=lambda: AESGCM(AESGCM.generate_key(256)))

    def seal(self, owner: str, plain: bytes) -> bytes:
        nonce = uuid4().bytes[:12]
        return nonce + self.key.encrypt(nonce, plain, owner.encode())

    def open(self, owner: str, sealed: bytes) -> bytes:
        return self.key.decrypt(sealed[:12], sealed[12:], owner.encode())


@dataclass
class Clock:
    """Seconds, ahead of the real clock by what a test decides."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return datetime.now(UTC).timestamp() + self.ahead


@dataclass
class Gallery:
    """The service under test, with hooks that tests set."""

    engine: Engine
    app: Flask
    signing_key: dict[str, Any]
    clock: Clock
    log: BytesIO
    during: list[Callable[[Any], None]]
    account_id: str = field(default_factory=lambda: str(uuid4()))
    session_id: str = field(default_factory=lambda: str(uuid4()))

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def token(self, now: datetime | None = None, roles: frozenset[str] = frozenset(), **ids: str) -> str:
        moment = now or datetime.now(UTC)
        claims = TokenClaims(
            ids.get("account_id", self.account_id), ids.get("session_id", self.session_id), moment, roles
        )
        return sign_token(self.signing_key, claims, moment)

    def signed_in(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}", **more}

    def photos(self) -> int:
        with self.engine.connect() as conn:
            return int(conn.execute(text("select count(*) from photos")).scalar_one())

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def photos_blueprint(engine: Engine, during: list[Callable[[Any], None]]) -> Blueprint:
    photos = Blueprint("photos", __name__, url_prefix="/photos", description="Titles of photos")

    @photos.route("", methods=["POST"])
    @authenticated
    @idempotent
    @photos.arguments(NewPhoto)
    @photos.response(201, PhotoView)
    def add(body: dict[str, Any], *, caller: Caller, once: Once) -> Response:
        """Add a photo."""
        with engine.begin() as conn:
            once.begin(conn)
            if body["title"] == "one too many":
                raise GalleryFull(limit=3, hint=object())
            if body["title"].startswith("defect"):
                int(body["title"])
            photo_id = uuid4()
            insert = text("insert into photos values (:id, :account, :title, 1)")
            conn.execute(insert, {"id": photo_id, "account": caller.account_id, "title": body["title"]})
            view = PhotoView().dump({"id": photo_id, "title": body["title"], "version": 1})
            answer = once.finish(conn, view, headers={"Location": f"/v1/gallery/photos/{photo_id}"})
            for hook in during:
                hook(conn)
            return answer

    @photos.route("/raw", methods=["POST"])
    @authenticated
    @body_limit(1_000_000)
    @idempotent_stream
    @photos.response(201, PhotoView)
    def upload(*, caller: Caller, once: Once) -> Response:
        """Count the bytes of a body."""
        size = 0
        while chunk := request.stream.read(65_536):
            size += len(chunk)
        with engine.begin() as conn:
            once.begin(conn, content_digest=str(size).encode())
            return once.finish(conn, {"size": size})

    @photos.route("", methods=["GET"])
    @authenticated
    @photos.arguments(PageArgs, location="query")
    @photos.response(200, page_schema(PhotoView))
    def listed(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """The caller's photos, by title."""
        after = read_cursor(args["cursor"], str, UUID) or ("", UUID(int=0))
        query = text(
            "select id, title, version from photos where account_id = :account and (title, id) > (:title, :id)"
            " order by title, id limit :limit"
        )
        with engine.connect() as conn:
            values = {"account": caller.account_id, "title": after[0], "id": after[1], "limit": args["limit"] + 1}
            rows = conn.execute(query, values).all()
        return page(rows, args["limit"], key=lambda row: (row.title, row.id))

    @photos.route("/<uuid:photo_id>", methods=["GET"])
    @authenticated
    @photos.response(200, PhotoView)
    def one(photo_id: UUID, *, caller: Caller) -> Response:
        """One photo."""
        row = find(photo_id, caller)
        return not_modified(row.version) or with_etag(PhotoView().dump(row), row.version)

    @photos.route("/<uuid:photo_id>", methods=["PATCH"])
    @authenticated
    @needs_if_match
    @photos.arguments(NewPhoto)
    @photos.response(200, PhotoView)
    def rename(body: dict[str, Any], photo_id: UUID, *, caller: Caller) -> Response:
        """Change the title."""
        row = find(photo_id, caller)
        require_if_match(row.version)
        view = {"id": photo_id, "title": body["title"], "version": row.version + 1}
        return with_etag(PhotoView().dump(view), row.version + 1)

    @photos.route("/all", methods=["GET"])
    @operator
    @photos.response(200)
    def everything(*, caller: Caller) -> dict[str, str]:
        """For operators."""
        return {"for": caller.account_id}

    @photos.route("/broken", methods=["GET"])
    @photos.response(200)
    def broken() -> dict[str, str]:
        """Runs a statement that the database refuses, chosen by the test."""
        with engine.connect() as conn:
            during[0](conn)
        return {}

    def find(photo_id: UUID, caller: Caller) -> Any:
        query = text("select id, title, version from photos where id = :id and account_id = :account")
        with engine.connect() as conn:
            row = conn.execute(query, {"id": photo_id, "account": caller.account_id}).one_or_none()
        if row is None:
            raise not_found()
        return row

    return photos


@pytest.fixture
def dsn(migrated_database: Any) -> str:
    url: str = migrated_database("service-gallery", lambda new: migrate(new, MIGRATIONS))
    return url


@pytest.fixture
def engine(dsn: str) -> Iterator[Engine]:
    made = make_engine(dsn, statement_timeout_ms=2_000, lock_timeout_ms=500)
    yield made
    made.dispose()


@pytest.fixture
def gallery(engine: Engine) -> Gallery:
    log, clock = BytesIO(), Clock()
    during: list[Callable[[Any], None]] = []
    logs.configure("gallery", "1", stream=log)
    key = new_signing_key()
    with engine.begin() as conn:
        remember_key(conn, key["kid"], public_jwk(key), datetime.now(UTC) + timedelta(hours=1))
    settings = ServiceSettings(database_url=Secret("unused"), body_limit=2_000)
    sealer = Sealer()
    keys = IdempotencyKeys(b"a secret of 32 bytes............", sealer.seal, sealer.open)
    app = create_app(
        "gallery",
        "1",
        settings,
        [photos_blueprint(engine, during)],
        {"database": ping(engine)},
        refusals=Refusals({GalleryFull: 409}),
        authenticator=Authenticator(engine, auth_tables(MetaData()), settings.public_url, clock),
        idempotency_keys=keys,
        allowances=Allowances(engine, keys.digest, clock=clock),
    )
    return Gallery(engine, app, key, clock, log, during)
