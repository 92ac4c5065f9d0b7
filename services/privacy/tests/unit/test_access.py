"""Access: parts, archive, expiry."""

from dataclasses import replace
from datetime import timedelta

from nexoraz.events.testing import given
from nexoraz.privacy.domain import commands as c
from nexoraz.privacy.domain import events as e
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.request import request
from services.privacy.tests import examples as x

run = replace(x.run, public_key=x.PUBLIC_KEY)
deliver = c.DeliverArchive(x.archive, x.NOW)
expired = x.archive.expires_at


def test_everybody_is_asked_for_a_part_at_once() -> None:
    given(request, x.access_received, x.verified).when(run).then(x.started, x.export_asked)


def test_a_part_is_taken() -> None:
    given(request, *x.COLLECTING).when(x.take_part("assets")).then(x.part_taken("assets"))


def test_the_last_part_completes_the_collection() -> None:
    before = (*x.COLLECTING, *map(x.part_taken, sorted(x.FIVE)[:-1]))
    given(request, *before).when(x.take_part("render")).then(x.part_taken("render"), x.collected)


def test_a_part_repeated_changes_nothing() -> None:
    given(request, *x.COLLECTING, x.part_taken("assets")).when(x.take_part("assets")).then()
    given(request, *x.COLLECTED).when(x.take_part("assets")).then()


def test_a_part_of_somebody_who_was_not_asked_changes_nothing() -> None:
    given(request, *x.COLLECTING).when(x.take_part("stranger")).then()


def test_a_part_for_an_erasure_changes_nothing() -> None:
    given(request, *x.RUNNING).when(x.take_part("assets")).then()


def test_the_archive_completes_the_request() -> None:
    given(request, *x.COLLECTED).when(deliver).then(x.assembled, x.access_completed)


def test_there_is_no_archive_while_a_part_is_missing() -> None:
    given(request, *x.COLLECTING, x.part_taken("assets")).when(deliver).refused(
        r.PartsMissing("running", ("billing", "identity", "privacy", "render"))
    )


def test_there_is_one_archive() -> None:
    given(request, *x.DELIVERED).when(deliver).then()


def test_no_archive_is_delivered_after_the_request_was_denied() -> None:
    denied = e.RequestDenied(x.REQUEST, x.access_received.type, "account-erased", x.NOW)
    given(request, *x.COLLECTED, denied).when(deliver).refused(r.PartsMissing("denied", ()))


def test_the_archive_is_erased_when_its_time_is_over() -> None:
    given(request, *x.DELIVERED).when(c.EraseArchive(expired)).then(e.ArchiveErased(expired))


def test_the_archive_is_kept_until_then() -> None:
    early = c.EraseArchive(expired - timedelta(seconds=1))
    given(request, *x.DELIVERED).when(early).refused(r.ArchiveStillValid(expired))


def test_the_archive_is_erased_once() -> None:
    given(request, *x.DELIVERED, e.ArchiveErased(expired)).when(c.EraseArchive(expired)).then()


def test_without_an_archive_there_is_nothing_to_erase() -> None:
    given(request, *x.COLLECTED).when(c.EraseArchive(expired)).then()
