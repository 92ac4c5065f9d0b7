"""Training on the real database and vault: who is listed, under which ids, and who is told."""

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from nexoraz.assets.bootstrap import App
from nexoraz.assets.domain.manifest import ManifestUnknown
from nexoraz.events.sql_store import connection_of
from services.assets.tests.integration.conftest import Person

pytestmark = pytest.mark.real


def choose(person: Person, allowed: bool, *photos: str) -> Any:
    """For the account, and for each of the photos; the last answer."""
    for path in ("/training", *(f"/photos/{photo}/training" for photo in photos)):
        answer = person.ask("PUT", path, {"If-Match": "*"}, json={"allowed": allowed})
        assert answer.status_code == 200, answer.text
    return answer.json


def opened(signed: str) -> dict[str, Any]:
    """The manifest, its signature checked by the key that its header names."""
    header = json.loads(base64.urlsafe_b64decode(signed.split(".", maxsplit=1)[0] + "=="))
    key = OKPKey.import_key(header["jwk"])
    assert key.thumbprint() == header["kid"]
    manifest: dict[str, Any] = json.loads(jws.deserialize_compact(signed, key, algorithms=["Ed25519"]).payload)
    head, payload, signature = signed.split(".")
    with pytest.raises(JoseError):
        jws.deserialize_compact(f"{head}.{payload[:-4]}AAAA.{signature}", key, algorithms=["Ed25519"])
    return manifest


def test_nothing_is_listed_that_was_not_chosen_twice(ann: Person, bob: Person, app: App) -> None:
    first, second, third = ann.has_photo(), ann.has_photo(), bob.has_photo()
    asked = ann.ask("GET", "/training")
    assert asked.json is not None and asked.headers["ETag"] == '"v0"'
    assert (asked.json["allowed"], asked.json["manifests"]) == (False, [])
    assert opened(app.manifests.make())["entries"] == []
    choose(ann, True)
    assert opened(app.manifests.make())["entries"] == []
    choose(ann, True, first, second)
    bob.ask("PUT", f"/photos/{third}/training", {"If-Match": "*"}, json={"allowed": True})
    entries = opened(app.manifests.make())["entries"]
    assert len(entries) == 2 and {entry["subject"] for entry in entries} == {entries[0]["subject"]}
    text = json.dumps(entries)
    assert not any(id_ in text for id_ in (first, second, third, ann.account_id))
    ann.ask("DELETE", f"/photos/{first}", {"If-Match": "*"})
    assert len(opened(app.manifests.make())["entries"]) == 1


def test_two_manifests_cannot_be_tied_to_each_other(ann: Person, app: App) -> None:
    choose(ann, True, ann.has_photo())
    one, other = (opened(app.manifests.make())["entries"][0] for _ in range(2))
    assert one["item"] != other["item"] and one["subject"] != other["subject"]


def test_who_withdraws_is_told_what_held_the_photo_and_is_in_no_later_manifest(
    ann: Person, bob: Person, app: App
) -> None:
    photo, other = ann.has_photo(), bob.has_photo()
    choose(ann, True, photo)
    choose(bob, True, other)
    manifest = opened(app.manifests.make())["id"]
    for _ in range(2):
        app.manifests.register(manifest, "u2net-7")
    with pytest.raises(ManifestUnknown):
        app.manifests.register("none", "u2net-7")
    answer = ann.ask("PUT", f"/photos/{photo}/training", {"If-Match": "*"}, json={"allowed": False})
    assert answer.json is not None and answer.json["allowed"] is False
    [held] = answer.json["manifests"]
    assert (held["id"], held["photos"], held["models"]) == (manifest, 1, ["u2net-7"])
    assert len(opened(app.manifests.make())["entries"]) == 1
    told = ann.ask("GET", "/training").json
    assert told is not None and [each["id"] for each in told["manifests"]] == [manifest]
    choose(bob, False)
    assert opened(app.manifests.make())["entries"] == []


def test_a_choice_is_made_at_the_version_that_was_seen_and_by_the_owner_only(ann: Person, bob: Person) -> None:
    path = f"/photos/{ann.has_photo()}/training"
    yes = {"allowed": True}
    assert ann.ask("PUT", path, json=yes).status_code == 428
    assert ann.ask("PUT", path, {"If-Match": '"v0"'}, json=yes).headers["ETag"] == '"v1"'
    assert ann.ask("PUT", path, {"If-Match": '"v0"'}, json={"allowed": False}).status_code == 412
    assert bob.ask("PUT", path, {"If-Match": "*"}, json=yes).status_code == 404
    assert bob.ask("GET", path).status_code == 404


def test_an_erasure_removes_choices_and_entries_and_a_rebuild_keeps_them(ann: Person, app: App) -> None:
    photo = ann.has_photo()
    choose(ann, True, photo)
    app.manifests.register(opened(app.manifests.make())["id"], "u2net-7")
    before = ann.ask("GET", "/training").json
    app.rebuild(["training"])
    assert ann.ask("GET", "/training").json == before
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    with app.runtime.store.transaction() as tx:
        app.holdings.erase_rows(connection_of(tx), ann.account_id)
    assert app.manifests.listing.candidates() == []
    with app.runtime.engine.connect() as connection:
        for table in ("training_choices", "manifest_photos"):
            assert connection.exec_driver_sql(f"SELECT * FROM {table}").all() == []
