"""README's example is a service that works."""

import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from nexoraz.service.auth import remember_key
from nexoraz.service.database import make_engine
from nexoraz.service.settings import load
from nexoraz.service.tokens import TokenClaims, new_signing_key, public_jwk, sign_token

README = Path(__file__).parents[1] / "README.md"


def example() -> ModuleType:
    (source,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    module = ModuleType("notes_example")
    exec(compile(source, str(README), "exec"), module.__dict__)
    return module


def test_the_example_serves_signs_in_repeats_refuses_and_pages(database: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "notes_example", module := example())
    dsn, key = database(), new_signing_key()
    engine = make_engine(dsn)
    module.metadata.create_all(engine)
    with engine.begin() as conn:
        remember_key(conn, key["kid"], public_jwk(key), datetime.now(UTC) + timedelta(hours=1))
    settings = load(module.Settings, {"NEXORAZ_DATABASE_URL": dsn, "NEXORAZ_HASH_KEY": "0123456789abcdef"})
    client = module.build(settings, lambda _, plain: plain[::-1], lambda _, sealed: sealed[::-1]).test_client()
    claims = TokenClaims(str(uuid4()), str(uuid4()), datetime.now(UTC))
    headers = {"Authorization": f"Bearer {sign_token(key, claims, datetime.now(UTC))}"}

    def add(name: str) -> Any:
        return client.post("/v1/notes/notes", json={"colour": "red"}, headers=headers | {"Idempotency-Key": name})

    assert client.get("/v1/notes/notes").status_code == 401
    assert [add(name).status_code for name in ("1", "2", "2", "3", "4")] == [201, 201, 201, 201, 409]
    assert add("5").get_json(force=True)["limit"] == 3
    first = client.get("/v1/notes/notes?limit=2", headers=headers).get_json()
    second = client.get("/v1/notes/notes", query_string={"cursor": first["next"]}, headers=headers).get_json()
    assert len({each["id"] for each in first["items"] + second["items"]}) == 3
    assert second["next"] is None
    assert client.get("/readyz").status_code == 200
    engine.dispose()
