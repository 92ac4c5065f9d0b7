"""U5 and RT5: photos train models only where their owner said so, and whoever says no is told what held them."""

import base64
import json
from typing import Any

import pytest

from tests.journey.person import Person
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence
from tests.policy.test_photos import uploaded
from tests.size.filling import assets_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows


def listed(signed: str) -> tuple[str, list[dict[str, Any]]]:
    """The id of a manifest and its entries."""
    payload = signed.split(".")[1]
    document = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return document["id"], document["entries"]


@shows("U5", "opt-in, off by default")
@shows("U5", "manifest of the opted-in only")
@shows("RT5", "opting out leaves the next manifest")
@shows("RT5", "manifests and models named")
def test_only_what_was_chosen_twice_trains_and_a_no_names_what_held_it(
    suite: RunningSuite, ann: Person, evidence: Evidence
) -> None:
    ann.sign_in()
    assets, chosen = assets_of(suite), uploaded(ann)
    private = uploaded(ann)
    for path in ("/v1/assets/training", f"{chosen}/training"):
        assert ask(ann, "GET", path).json["allowed"] is False
        assert listed(assets.manifests.make())[1] == []
        assert ask(ann, "PUT", path, {"allowed": True}, If_Match="*").status == 200
    signed = assets.manifests.make()
    manifest, entries = listed(signed)
    assert len(entries) == 1 and not any(path.rpartition("/")[2] in str(entries) for path in (chosen, private))
    assets.manifests.register(manifest, "cut-out-7")
    told = ask(ann, "PUT", f"{chosen}/training", {"allowed": False}, If_Match="*").json["manifests"]
    assert [(each["id"], each["models"]) for each in told] == [(manifest, ["cut-out-7"])]
    assert listed(assets.manifests.make())[1] == []
    evidence(f"off; 1 of 2 photos listed after both were asked; a no names manifest {manifest[:8]} and cut-out-7")
