"""What assets holds about a person can be told, exported with its files, erased and rebuilt."""

import pytest

from nexoraz.assets.adapters.release_requests import SUBJECT, handlers
from nexoraz.assets.bootstrap import App
from nexoraz.events.rpc import RpcRefused
from nexoraz.events.sql_store import connection_of
from nexoraz.service.auth import revoke
from services.assets.tests.examples import jpeg, png
from services.assets.tests.integration.conftest import Person, stored

pytestmark = pytest.mark.real


def test_a_rebuild_brings_the_photos_back_with_their_titles(ann: Person, app: App) -> None:
    kept, gone = ann.has_photo(query="?title=Cup"), ann.has_photo(jpeg())
    ann.ask("PATCH", f"/photos/{kept}", {"If-Match": '"v1"'}, json={"title": "Mug"})
    ann.ask("DELETE", f"/photos/{gone}", {"If-Match": '"v1"'})
    ann.ask("PATCH", f"/photos/{kept}", {"If-Match": '"v2"'}, json={"tags": ["blue"]})
    before = [ann.ask("GET", path).json for path in ("/photos", "/bin")]
    names = "photos", "albums", "search", "training", "thumbnails", "plans"
    assert app.rebuild([]) == [f"{name}: 5 events replayed" for name in names]
    assert [ann.ask("GET", path).json for path in ("/photos", "/bin")] == before
    assert ann.ask("GET", f"/photos/{kept}").headers["ETag"] == '"v3"'


def test_an_export_names_the_files_by_their_titles(ann: Person, app: App) -> None:
    ann.has_photo(png(), query="?title=Blue+cup")
    held = next(h for h in app.holdings.objects if h.store == "objects/photos")
    assert held.describe is not None
    with app.runtime.engine.connect() as connection:
        assert [(f.name, f.media_type) for f in held.describe(connection, ann.account_id).values()] == [
            ("Blue cup.png", "image/png")
        ]


def question(person: Person, photo: str) -> bytes:
    return b'{"account_id":"%s","photo_id":"%s","purpose":"render"}' % (person.account_id.encode(), photo.encode())


def test_a_photos_key_is_released_to_the_renderer_only(ann: Person, app: App) -> None:
    photo = ann.has_photo()
    assert b'"key"' in handlers(app.release)[SUBJECT]("render", question(ann, photo))
    for other in ("identity", "billing", "privacy", "assets", "operator"):
        with pytest.raises(RpcRefused, match="not-for-you"):
            handlers(app.release)[SUBJECT](other, question(ann, photo))


def test_an_erased_account_loses_rows_files_and_releases(ann: Person, bob: Person, app: App) -> None:
    photo, other = ann.has_photo(), bob.has_photo()
    with app.runtime.store.transaction() as tx:
        tx.tombstone(ann.account_id)
    assert ann.upload(png()).status_code == 401
    with app.runtime.store.transaction() as tx:
        revoke(connection_of(tx), ann.account_id)
    assert ann.ask("GET", "/photos").status_code == 401
    with pytest.raises(RpcRefused, match="not-found"):
        handlers(app.release)[SUBJECT]("render", question(ann, photo))
    app.runtime.vault.destroy(ann.account_id)
    with app.runtime.store.transaction() as tx:
        app.holdings.erase_rows(connection_of(tx), ann.account_id)
    app.holdings.erase_objects(ann.account_id)
    assert all(line.found == line.retained for line in app.holdings.everything(ann.account_id))
    assert stored(app) == [f"{bob.account_id}/photos/{other}"]
    assert bob.ask("GET", f"/photos/{other}/content").data == png()
