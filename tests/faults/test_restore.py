"""The restore drill: yesterday's backup of each service comes back, alone and all together, after an erasure."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import urllib3

from nexoraz.local.layout import SERVICES
from nexoraz.local.suite import THROTTLE_FACTOR
from nexoraz.privacy.verify import check
from tests.faults.backups import Backup, databases, lose_the_bus, settled, standing_still
from tests.journey.demo import PRESETS, ROOT, sample
from tests.journey.evidence import gather
from tests.journey.person import Json, Person, until
from tests.journey.running import RunningSuite, started

pytestmark = [pytest.mark.real, pytest.mark.timeout(900)]

DATA = {
    "identity": "/v1/identity/profile",
    "assets": "/v1/assets/photos",
    "render": "/v1/render/jobs",
    "billing": "/v1/billing/balance",
    "privacy": "/v1/privacy/requests",
}
"""What shows a person's data, by service."""
http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=3, read=30), retries=False)


@dataclass(frozen=True)
class Drill:
    """A suite in which Ann was erased after the backup was taken, and Bob lives on."""

    suite: RunningSuite
    backup: Backup
    ann: Person
    bob: Person
    bobs: dict[str, Json]
    request_id: str
    token: str
    certificate: bytes

    def status(self, service: str, path: str, person: Person | None = None) -> tuple[int, str]:
        """Asked of the service's own web process, as the gateway does; (0, "") while nobody answers."""
        headers = {"Authorization": f"Bearer {person.token}"} if person else {}
        port = self.suite.port + 20 + 2 * SERVICES.index(service)
        try:
            answer = http.request("GET", f"http://127.0.0.1:{port}{path}", headers=headers)
        except urllib3.exceptions.HTTPError:
            return 0, ""
        return answer.status, answer.data.decode(errors="replace")

    def refuses(self, service: str) -> None:
        """Closed, and saying so, for Ann, for Bob, and for whoever asks whether it is ready."""
        until(lambda: self.status(service, "/livez")[0] == 200 or None, f"{service} was up")
        for person in (self.ann, self.bob):
            status, body = self.status(service, DATA[service], person)
            assert status == 503 and "catching-up" in body, f"{service} answered {status} {body}"
        assert self.status(service, "/readyz")[0] == 503

    def serves_again(self, service: str) -> None:
        """Open at last, and never in between did it show Ann anything."""
        give_up = time.monotonic() + 120
        while (seen := self.status(service, DATA[service], self.ann)[0]) != 401:
            assert seen in (0, 503), f"{service} showed an erased person's data: {seen}"
            assert time.monotonic() < give_up, f"{service} stayed closed"
            time.sleep(0.02)
        assert self.status(service, "/readyz")[0] == 200

    def nothing_is_left_and_nothing_else_changed(self) -> None:
        left = gather(ROOT, self.suite.var, self.suite.port, self.ann.account_id)
        assert (left.keys, left.objects, left.unexpected_rows(), sum(left.messages.values() or [0])) == (
            0, 0, {}, left.messages.get("privacy", 0),
        )  # fmt: skip
        assert self.ann.certificate(self.request_id, self.token) == self.certificate
        check(self.certificate)
        assert _life_of(self.bob) == self.bobs


def _life_of(person: Person) -> dict[str, Json]:
    person.sign_in()
    return {path: person.call("GET", path) for path in ("/v1/assets/photos", "/v1/render/jobs", "/v1/billing/balance")}


def _live(person: Person) -> None:
    person.register()
    person.sign_in()
    photo = person.upload(sample())
    person.buy()
    person.render(photo["id"], PRESETS[0])
    until(lambda: person.balance()["reserved"] == 0 or None, "the credit was spent")


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    folder = tmp_path_factory.mktemp("drill")
    with started(folder, **{THROTTLE_FACTOR: "1000"}) as suite:
        ann, bob = suite.person(), suite.person()
        _live(bob)
        _live(ann)
        bobs = _life_of(bob)
        backup = Backup.of(suite, folder)
        request_id, token = ann.ask_erasure()
        assert [name for name, _ in ann.watch(request_id, token)][-1] == "completed"
        certificate = ann.certificate(request_id, token)
        yield Drill(suite, backup, ann, bob, bobs, request_id, token, certificate)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_restored_alone_with_its_vault_erases_again_before_it_serves(drill: Drill, service: str) -> None:
    worker, web = f"{service}-worker", f"{service}-web"
    before = len(settled(drill.suite, service))
    with standing_still(drill.suite, [worker]):
        with standing_still(drill.suite, [web]):
            drill.backup.bring_back(databases(service))
        drill.refuses(service)
    drill.serves_again(service)
    [*_, told] = settled(drill.suite, service)
    assert (told["erased_again"], told["residue"]) == ([drill.request_id], 0)
    assert len(settled(drill.suite, service)) == before + 1 or before == 1
    _says_so(drill.suite, service)
    drill.nothing_is_left_and_nothing_else_changed()


def test_all_services_restored_together_and_the_bus_lost_erase_again_before_they_serve(drill: Drill) -> None:
    workers = [f"{service}-worker" for service in SERVICES]
    with standing_still(drill.suite, workers):
        with standing_still(drill.suite, [f"{service}-web" for service in SERVICES]):
            drill.backup.bring_back([name for service in SERVICES for name in databases(service)])
            lose_the_bus(drill.suite)
        for service in SERVICES:
            drill.refuses(service)
    for service in SERVICES:
        drill.serves_again(service)
        [told] = settled(drill.suite, service)
        assert (told["erased_again"], told["residue"]) == ([drill.request_id], 0)
    drill.nothing_is_left_and_nothing_else_changed()


def test_a_restored_vault_alone_gets_its_keys_destroyed_again(drill: Drill) -> None:
    worker, web = "assets-worker", "assets-web"
    with standing_still(drill.suite, [worker]):
        with standing_still(drill.suite, [web]):
            drill.backup.bring_back(databases("assets")[1:])
        assert gather(ROOT, drill.suite.var, drill.suite.port, drill.ann.account_id).keys > 0
        drill.refuses("assets")
    drill.serves_again("assets")
    drill.nothing_is_left_and_nothing_else_changed()


def _says_so(suite: RunningSuite, service: str) -> None:
    log = (suite.var / "log" / f"{service}-worker.log").read_text()
    assert "restored from a backup" in log and "erased again after a restore" in log
