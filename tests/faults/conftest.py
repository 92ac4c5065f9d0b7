"""One suite for all faults, with a bystander who must not notice any of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest

from nexoraz.local.suite import THROTTLE_FACTOR
from nexoraz.privacy.verify import check
from tests.faults.launcher import STRIPE
from tests.faults.stripe_proxy import StripeProxy
from tests.journey.demo import PRESETS, ROOT, sample
from tests.journey.evidence import gather
from tests.journey.person import Json, Person, until
from tests.journey.running import RunningSuite, started

QUICK = os.environ.get("FAULTS") == "quick"
"""Whether only the bounded portion runs, as in CI."""
BOUNDED = ("every_step", "after destroy", "killed_in_its_middle[nats]")
"""What of it: about a minute on a quiet machine."""
VIEWS = ("/v1/assets/photos", "/v1/render/jobs", "/v1/billing/balance", "/v1/billing/ledger", "/v1/billing/purchases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    left_out = [item for item in here if QUICK and not any(part in item.name for part in BOUNDED)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def live(person: Person, renders: int = 1) -> Json:
    """Register, upload, buy, and have pictures rendered; the photo."""
    person.register()
    person.sign_in()
    photo = person.upload(sample())
    person.buy()
    for _ in range(renders):
        person.render(photo["id"], PRESETS[0])
    return photo


def seen_by(person: Person) -> dict[str, Json]:
    person.sign_in()
    return {path: person.call("GET", path) for path in VIEWS}


@dataclass(frozen=True)
class Ground:
    """A running suite to break, and what must stay true of it."""

    suite: RunningSuite
    orders: Path
    stripe: StripeProxy
    bystander: Person
    before: dict[str, Json] = field(default_factory=dict)

    def person(self, renders: int = 0) -> Person:
        """Somebody with a photo and credits."""
        person = self.suite.person()
        live(person, renders)
        return person

    def order(self, service: str, moment: str) -> None:
        """Have the service's worker kill itself at its next such moment."""
        fresh = self.orders / f"{uuid4().hex}.new"
        fresh.write_text(moment)
        fresh.rename(self.orders / f"kill-{service}.order")

    def obeyed(self, service: str) -> bool:
        """Whether the last order was carried out; it is forgotten."""
        done = self.orders / f"kill-{service}.done"
        found = done.exists()
        done.unlink(missing_ok=True)
        (self.orders / f"kill-{service}.order").unlink(missing_ok=True)
        return found

    def erased(self, person: Person, request: tuple[str, str]) -> None:
        """It converged: completed, certified, nothing left, and nobody else touched."""
        request_id, token = request
        assert [name for name, _ in person.watch(request_id, token)][-1] == "completed"
        check(person.certificate(request_id, token))
        left = gather(ROOT, self.suite.var, self.suite.port, person.account_id)
        assert (left.keys, left.objects, left.unexpected_rows()) == (0, 0, {})
        until(lambda: None if self._messages_of(person) else True, "the bus forgot the account", 60.0)
        assert seen_by(self.bystander) == self.before

    def _messages_of(self, person: Person) -> int:
        return sum(gather(ROOT, self.suite.var, self.suite.port, person.account_id).messages.values())


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("faults")
    with StripeProxy() as stripe:
        variables = {THROTTLE_FACTOR: "1000", STRIPE: stripe.url}
        with started(folder, "tests.faults.launcher", **variables) as suite:
            stripe.target = suite.places.stripe
            bystander = suite.person()
            live(bystander)
            until(lambda: bystander.balance()["reserved"] == 0 or None, "the credit was spent")
            yield Ground(suite, folder / "tmp", stripe, bystander, seen_by(bystander))
