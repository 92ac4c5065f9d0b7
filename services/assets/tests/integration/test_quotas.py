"""What a plan allows, on the real database."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nexoraz.assets.adapters.subscribed import on_plan_changed
from nexoraz.assets.bootstrap import App
from nexoraz.assets.domain import quota
from nexoraz.assets.domain.quota import Amount
from services.assets.tests.examples import png
from services.assets.tests.integration.conftest import Person, stored

pytestmark = pytest.mark.real


@pytest.fixture(autouse=True)
def small_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(png())
    allowed = {"free": Amount(2, 100 * size), "pro": Amount(5, 5 * size), "basic": Amount(100, size)}
    monkeypatch.setattr(quota, "ALLOWED", allowed)


def has_plan(app: App, person: Person, plan: str) -> None:
    """What billing's plan-changed does."""
    data = SimpleNamespace(account_id=person.account_id, plan=plan)
    with app.runtime.store.transaction() as tx:
        on_plan_changed(tx, cast(Any, SimpleNamespace(data=data)))


def test_what_a_plan_does_not_allow_is_refused_with_its_figures_and_leaves_no_file(ann: Person, app: App) -> None:
    first, _ = ann.has_photo(), ann.has_photo()
    refused = ann.upload(png())
    assert refused.status_code == 403 and refused.json is not None
    assert refused.json["type"].endswith("/quota-exhausted")
    facts = {name: refused.json[name] for name in ("plan", "photos", "photos_allowed")}
    assert facts == {"plan": "free", "photos": 3, "photos_allowed": 2}
    assert len(stored(app)) == 2
    ann.ask("DELETE", f"/photos/{first}", {"If-Match": "*"})
    assert ann.upload(png()).status_code == 403, "what lies in the bin is kept"
    ann.ask("DELETE", f"/bin/{first}", {"If-Match": "*"})
    assert ann.upload(png()).status_code == 201


def test_another_plan_allows_more_and_a_lesser_one_no_more(ann: Person, bob: Person, app: App) -> None:
    for _ in range(2):
        ann.has_photo()
    has_plan(app, ann, "pro")
    ann.has_photo()
    usage = ann.ask("GET", "/usage").json
    size = len(png())
    assert usage == {
        "plan": "pro",
        "photos": {"used": 3, "allowed": 5},
        "bytes": {"used": 3 * size, "allowed": 5 * size},
    }
    has_plan(app, ann, "basic")
    assert ann.upload(png()).status_code == 403
    listed = ann.ask("GET", "/photos").json
    assert listed is not None and len(listed["items"]) == 3
    has_plan(app, ann, "unheard-of")
    told = ann.ask("GET", "/usage").json
    assert told is not None and told["photos"]["allowed"] == 2
    others = bob.ask("GET", "/usage").json
    assert others is not None and others["photos"]["used"] == 0


def test_two_uploads_at_once_do_not_both_get_the_last_place(ann: Person) -> None:
    ann.has_photo()
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: ann.upload(png()).status_code, range(4)))
    assert sorted(answers) == [201, 403, 403, 403]


def test_a_repeated_upload_is_answered_again_when_the_plan_is_used_up(ann: Person) -> None:
    ann.has_photo()
    assert [ann.upload(png(), key="same").status_code for _ in range(2)] == [201, 201]
