"""Certificates that are amended after they were issued, over HTTP, on the real database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from nexoraz.privacy import verify
from nexoraz.privacy.adapters.signatures import NotGenuine
from nexoraz.privacy.application.amending import ask_to_amend
from nexoraz.privacy.application.answers import SpeaksForAnother
from nexoraz.privacy.domain.amendment import RecordsErased, unbundled
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.vocabulary import ReceiptLine
from services.privacy.tests import examples as x
from services.privacy.tests.integration.driver import PARTICIPANTS, Coordinator

pytestmark = pytest.mark.real
DESTROYED, ATTESTED = "2025-11-20T03:00:00Z", "2025-11-20T03:00:10Z"


def erased(coordinator: Coordinator) -> tuple[str, str]:
    """Id and token of a request that has its certificate."""
    asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert asked is not None
    coordinator.erase_everywhere(asked["id"])
    return asked["id"], asked["token"]


def epoch_ends(coordinator: Coordinator, name: str = "assets", epoch: int = 1, by: str = "") -> None:
    with coordinator.app.runtime.store.transaction() as tx:
        coordinator.app.use_cases.answers.epoch_ended(tx, by or name, name, epoch, DESTROYED, ATTESTED)


def files(coordinator: Coordinator, request: tuple[str, str]) -> tuple[bytes, bytes]:
    """The certificate and the bundle of its amendments, as they are served."""
    path = f"/requests/{request[0]}/certificate"
    return coordinator.get(path, token=request[1]).data, coordinator.get(f"{path}/amendments", token=request[1]).data


def checked(coordinator: Coordinator, request: tuple[str, str]) -> list[Json]:
    raw, amendments = files(coordinator, request)
    keys = coordinator.client.get("/v1/privacy/keys").json
    assert keys is not None
    return verify.check_amendments(raw, verify.check(raw, keys["keys"]), [amendments], keys["keys"])


def ends_told(coordinator: Coordinator, request: tuple[str, str]) -> set[str]:
    """Whose epochs the amendments say to be over."""
    return {amendment["adds"]["participant"] for amendment in checked(coordinator, request)}


def test_the_end_of_an_epoch_amends_every_certificate_of_it_by_one_document(coordinator: Coordinator) -> None:
    coordinator.announce()
    requests = [erased(coordinator) for _ in range(3)]
    before = [files(coordinator, request)[0] for request in requests]
    assert [checked(coordinator, request) for request in requests] == [[], [], []]
    epoch_ends(coordinator)
    assert coordinator.run_tasks() == 1
    found = [checked(coordinator, request) for request in requests]
    assert [len(amendments) for amendments in found] == [1, 1, 1]
    assert found[0] == found[1] == found[2]
    assert found[0][0]["adds"] == {
        "what": "key-epoch-ended", "participant": "assets", "epoch": 1,
        "destroyed_at": DESTROYED, "attested_at": ATTESTED,
    }  # fmt: skip
    assert [files(coordinator, request)[0] for request in requests] == before


def test_an_epoch_that_ended_is_told_once_and_by_nobody_else(coordinator: Coordinator) -> None:
    request = erased(coordinator)
    with pytest.raises(SpeaksForAnother):
        epoch_ends(coordinator, by="render")
    epoch_ends(coordinator)
    epoch_ends(coordinator)
    coordinator.run_tasks()
    epoch_ends(coordinator)
    assert coordinator.run_tasks() == 0
    assert len(checked(coordinator, request)) == 1


def test_another_epoch_amends_nothing(coordinator: Coordinator) -> None:
    request = erased(coordinator)
    epoch_ends(coordinator, epoch=2)
    coordinator.run_tasks()
    assert checked(coordinator, request) == []


def test_an_epoch_that_ends_before_the_certificate_is_written_is_told_after_it(coordinator: Coordinator) -> None:
    coordinator.announce()
    epoch_ends(coordinator)
    epoch_ends(coordinator, "render")
    assert coordinator.run_tasks() == 2
    assert ends_told(coordinator, erased(coordinator)) == {"assets", "render"}


def test_more_certificates_than_fit_get_several_documents(coordinator: Coordinator) -> None:
    requests = [erased(coordinator) for _ in range(5)]
    coordinator.app = replace(
        coordinator.app,
        use_cases=replace(coordinator.app.use_cases, amending=replace(coordinator.app.use_cases.amending, most=2)),
    )
    epoch_ends(coordinator)
    coordinator.run_tasks()
    documents = {files(coordinator, request)[1] for request in requests}
    assert len(documents) == 3
    assert all(len(checked(coordinator, request)) == 1 for request in requests)


def test_amendments_and_certificates_are_one_chain(coordinator: Coordinator) -> None:
    first = erased(coordinator)
    for name in PARTICIPANTS:
        epoch_ends(coordinator, name)
    coordinator.run_tasks()
    second = erased(coordinator)
    coordinator.run_tasks()
    bundle = files(coordinator, first)[1]
    *_, last = unbundled(bundle)
    raw = files(coordinator, second)[0]
    assert verify.check(raw, previous=last)["number"] == 7
    with pytest.raises(NotGenuine):
        verify.check(raw, previous=unbundled(bundle)[0])
    assert len(checked(coordinator, second)) == 5


def test_what_was_kept_and_is_erased_later_amends_the_certificate_once(coordinator: Coordinator) -> None:
    coordinator.announce()
    asked = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert asked is not None
    store, queue = coordinator.app.runtime.store, coordinator.app.runtime.tasks
    line = ReceiptLine("user.contact", "billing.rows", 2, 2, 0, 0)
    later = RecordsErased("billing", (line,), "2036-01-01T00:00:00Z")
    for name in ("assets", "render", "privacy"):
        coordinator.receipt(asked["id"], name)
    with store.transaction() as tx:
        coordinator.app.use_cases.answers.receipt(
            tx, "billing", "r-billing", asked["id"], x.receipt("billing", "partially-retained", retained=2)
        )
    coordinator.receipt(asked["id"], "identity")
    for name in PARTICIPANTS:
        coordinator.scan(asked["id"], name)
    coordinator.run_tasks()
    request = (asked["id"], asked["token"])
    for _ in range(2):
        with store.transaction() as tx:
            ask_to_amend(queue, tx, "release-1", asked["id"], later)
        coordinator.run_tasks()
    (amendment,) = checked(coordinator, request)
    assert amendment["adds"]["what"] == "records-erased"
    raw, bundle = files(coordinator, request)
    document = verify.check(raw)
    assert "are kept" not in verify.explain(document, True, verify.check_amendments(raw, document, [bundle], []))


def test_two_workers_amend_once(coordinator: Coordinator) -> None:
    requests = [erased(coordinator) for _ in range(3)]
    for name in PARTICIPANTS:
        epoch_ends(coordinator, name)
    with ThreadPoolExecutor(2) as pool:
        ran = [done.result() for done in [pool.submit(coordinator.run_tasks) for _ in range(2)]]
    assert sum(ran) == 5
    assert all(len(checked(coordinator, request)) == 5 for request in requests)


def test_strangers_get_no_amendments_and_there_are_none_without_a_certificate(coordinator: Coordinator) -> None:
    request_id, _ = erased(coordinator)
    path = f"/requests/{request_id}/certificate/amendments"
    assert coordinator.get(path, account_id=str(uuid4())).status_code == 404
    running = coordinator.ask(str(uuid4()), "erasure", immediate=True).json
    assert running is not None
    unfinished = f"/requests/{running['id']}/certificate/amendments"
    assert coordinator.get(unfinished, token=running["token"]).status_code == 404
