"""A yes, a no and a no longer: done, refused, repeated. What a browser's signal ends, and what a receipt says."""

from dataclasses import replace

import pytest

from nexoraz.events.testing import given
from nexoraz.privacy.domain.canonical import canonical
from nexoraz.privacy.domain.consent import (
    SIGNALLED,
    ConsentDecided,
    ConsentPurpose,
    Decision,
    HeedSignal,
    IndicatedBy,
    PrivacyControlSent,
    consents,
)
from nexoraz.privacy.domain.receipt import PROCESSES, receipt
from services.privacy.tests import examples as x

ISSUER = "https://nexoraz.test"


def decided(decision: Decision, version: str = "2025-10-15") -> ConsentDecided:
    return ConsentDecided(x.ACCOUNT, ConsentPurpose.ANALYTICS, decision, version, IndicatedBy.CHOICE, x.RECEIPT, x.NOW)


GIVEN, REFUSED, WITHDRAWN = decided(Decision.GIVEN), decided(Decision.REFUSED), decided(Decision.WITHDRAWN)
SAY_NO = replace(x.allow_analytics, given=False)
SIGNAL = HeedSignal(x.ACCOUNT, "2025-10-15", {purpose: f"r-{purpose}" for purpose in ConsentPurpose}, x.NOW)


def test_nothing_is_allowed_before_a_yes() -> None:
    assert not any(consents.initial.allows(purpose) for purpose in ConsentPurpose)


def test_a_yes_and_a_no_are_one_command_each() -> None:
    given(consents).when(x.allow_analytics).then(GIVEN)
    given(consents).when(SAY_NO).then(REFUSED)


def test_a_no_after_a_yes_takes_it_back() -> None:
    given(consents, GIVEN).when(SAY_NO).then(WITHDRAWN)
    given(consents, GIVEN, WITHDRAWN).when(x.allow_analytics).then(GIVEN)


@pytest.mark.parametrize(
    ("history", "command"),
    [((GIVEN,), x.allow_analytics), ((REFUSED,), SAY_NO), ((GIVEN, WITHDRAWN), SAY_NO)],
)
def test_the_same_choice_again_changes_nothing(history: tuple[ConsentDecided, ...], command: object) -> None:
    given(consents, *history).when(command).then()  # type: ignore[arg-type]  # both are commands


def test_the_same_choice_under_a_newer_policy_is_recorded() -> None:
    again = replace(x.allow_analytics, policy_version="2027-01-01")
    given(consents, GIVEN).when(again).then(decided(Decision.GIVEN, "2027-01-01"))


def test_a_signal_ends_what_had_been_allowed_and_nothing_else() -> None:
    ended = ConsentDecided(
        x.ACCOUNT,
        ConsentPurpose.ANALYTICS,
        Decision.WITHDRAWN,
        "2025-10-15",
        IndicatedBy.GLOBAL_PRIVACY_CONTROL,
        "r-analytics",
        x.NOW,
    )
    given(consents, GIVEN).when(SIGNAL).then(ended)
    given(consents, GIVEN, ended).when(SIGNAL).then()
    given(consents, REFUSED).when(SIGNAL).then()
    given(consents).when(SIGNAL).then()


@pytest.mark.parametrize("purpose", sorted(SIGNALLED))
def test_a_yes_that_comes_with_the_signal_is_refused(purpose: ConsentPurpose) -> None:
    command = replace(x.allow_analytics, signalled=True, purpose=purpose)
    given(consents).when(command).refused(PrivacyControlSent(purpose))
    given(consents).after(replace(command, given=False))


def test_a_receipt_names_who_what_when_and_the_version_of_the_policy() -> None:
    document = receipt(WITHDRAWN, ISSUER)
    record = document["dpv:hasRecordOfActivity"]
    assert document["@type"] == "dpv:ConsentReceipt"
    assert document["dct:conformsTo"].endswith("dpv-27560#receipt")
    assert record["dct:conformsTo"].endswith("dpv-27560#record")
    assert record["dpv:hasDataSubject"]["@id"] == f"urn:uuid:{x.ACCOUNT}"
    assert record["dpv:hasNotice"]["dct:hasVersion"] == "2025-10-15"
    [process], [status] = record["dpv:hasProcess"], record["dpv:hasConsentStatus"]
    assert process["dpv:hasPurpose"] == "dpv:ServiceUsageAnalytics"
    assert (status["@type"], status["dpv:isIndicatedAtTime"]) == ("dpv:ConsentWithdrawn", "2025-11-03T10:00:00Z")


def test_every_purpose_has_all_that_a_record_must_say_of_it_and_can_be_signed() -> None:
    assert set(PROCESSES) == set(ConsentPurpose)
    for purpose in ConsentPurpose:
        document = receipt(ConsentDecided(x.ACCOUNT, purpose, *GIVEN_UNDER), ISSUER)
        [process] = document["dpv:hasRecordOfActivity"]["dpv:hasProcess"]
        wanted = {"dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasRecipient", "dpv:hasStorageCondition"}
        assert wanted <= set(process)
        assert canonical(document)


GIVEN_UNDER = (Decision.GIVEN, "2025-10-15", IndicatedBy.CHOICE, x.RECEIPT, x.NOW)
