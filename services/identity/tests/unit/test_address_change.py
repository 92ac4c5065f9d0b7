"""Decisions about a change of the email address, and about known devices."""

from datetime import timedelta

from nexoraz.events.testing import given
from nexoraz.identity.domain.account import ACCOUNT, AccountNotVerified, AddressChanged, ChangeAddress
from nexoraz.identity.domain.address_change import (
    ADDRESS_CHANGE,
    AddressChangeConfirmed,
    AddressChangeFailed,
    AddressChangeGone,
    AddressChangeStarted,
    ConfirmAddressChange,
    StartAddressChange,
)
from nexoraz.identity.domain.known_devices import KNOWN_DEVICES, DeviceSeen, SeeDevice
from services.identity.tests.examples import ANN, NOW, ann_registered, ann_verified, first_verification

ELSEWHERE = "ann@example.net"
LATER = NOW + timedelta(hours=24)
started = AddressChangeStarted(ANN, "c1", ELSEWHERE, "old-link", "new-link", LATER)
by_old, by_new = AddressChangeConfirmed("c1", "old", NOW), AddressChangeConfirmed("c1", "new", NOW)


def confirm(link: str, change_id: str = "c1") -> ConfirmAddressChange:
    return ConfirmAddressChange(change_id, link, NOW)


def test_two_links_start_a_change() -> None:
    command = StartAddressChange(ANN, "c1", ELSEWHERE, "old-link", "new-link", NOW)
    given(ADDRESS_CHANGE).when(command).then(started)


def test_the_change_is_made_when_both_links_were_used_in_any_order() -> None:
    given(ADDRESS_CHANGE, started).when(confirm("old-link")).then(by_old)
    given(ADDRESS_CHANGE, started, by_old).when(confirm("new-link")).then(by_new)
    for links in ((by_old, by_new), (by_new, by_old)):
        assert ADDRESS_CHANGE.fold([started, *links]).made
        assert not ADDRESS_CHANGE.fold([started, links[0]]).made


def test_one_link_used_twice_counts_once() -> None:
    given(ADDRESS_CHANGE, started, by_old).when(confirm("old-link")).then()


def test_links_of_an_older_change_expired_or_tried_ten_times_are_gone() -> None:
    given(ADDRESS_CHANGE).when(confirm("old-link")).refused(AddressChangeGone())
    newer = AddressChangeStarted(ANN, "c2", ELSEWHERE, "a", "b", LATER)
    given(ADDRESS_CHANGE, started, newer).when(confirm("old-link")).refused(AddressChangeGone())
    given(ADDRESS_CHANGE, started).when(ConfirmAddressChange("c1", "old-link", LATER)).refused(AddressChangeGone())
    given(ADDRESS_CHANGE, started).when(confirm("wrong")).then(AddressChangeFailed("c1"))
    tried = [AddressChangeFailed("c1")] * 10
    given(ADDRESS_CHANGE, started, *tried).when(confirm("old-link")).refused(AddressChangeGone())


def test_an_account_takes_the_address_once() -> None:
    verified = given(ACCOUNT, ann_registered, first_verification, ann_verified)
    verified.when(ChangeAddress(ANN, ELSEWHERE, NOW)).then(AddressChanged(ANN, ELSEWHERE, NOW))
    verified.when(ChangeAddress(ANN, ann_registered.email, NOW)).then()
    given(ACCOUNT, ann_registered).when(ChangeAddress(ANN, ELSEWHERE, NOW)).refused(AccountNotVerified())


def test_a_device_is_new_once_and_the_first_is_told_to_nobody() -> None:
    first, second = DeviceSeen(ANN, "laptop", True, NOW), DeviceSeen(ANN, "phone", False, NOW)
    given(KNOWN_DEVICES).when(SeeDevice(ANN, "laptop", NOW)).then(first)
    given(KNOWN_DEVICES, first).when(SeeDevice(ANN, "laptop", NOW)).then()
    given(KNOWN_DEVICES, first).when(SeeDevice(ANN, "phone", NOW)).then(second)
