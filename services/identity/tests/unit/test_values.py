"""Addresses, ages and devices."""

from datetime import date

import pytest

from nexoraz.identity.domain.countries import (
    AGES_OF_CONSENT,
    BelowAgeOfConsent,
    BirthDateImpossible,
    age_on,
    check_age,
    region_of,
)
from nexoraz.identity.domain.device import read_device
from nexoraz.identity.domain.email_address import EmailAddressInvalid, normalised
from nexoraz.identity.domain.network import cut
from services.identity.tests.examples import TODAY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann@Example.ORG ", "ann@example.org"),
        ("ann+shop@bücher.example", "ann+shop@xn--bcher-kva.example"),
    ],
)
def test_an_address_has_one_form(text: str, expected: str) -> None:
    assert normalised(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "ann", "@example.org", "ann@", "ann@org", "ann@@example.org", "a b@example.org", ".ann@example.org",
        "ann@example.org\nBcc: all@example.org", "ann@example..org", "ann@-example.org", "ann\x00@example.org",
        f"{'a' * 65}@example.org", f"ann@{'a' * 64}.org", f"{'a' * 64}@{'a.' * 120}org", "<ann@example.org>",
    ],
)  # fmt: skip
def test_what_mail_cannot_reach_is_refused(text: str) -> None:
    with pytest.raises(EmailAddressInvalid):
        normalised(text)


@pytest.mark.parametrize(("country", "age"), [("DE", 16), ("US", 13), ("IN", 18), ("BR", 16)])
def test_the_country_sets_the_age_from_which_one_may_register(country: str, age: int) -> None:
    sixteenth_birthday = date(TODAY.year - age, TODAY.month, TODAY.day)
    check_age(country, sixteenth_birthday, TODAY)
    with pytest.raises(BelowAgeOfConsent) as refused:
        check_age(country, date(TODAY.year - age, TODAY.month, TODAY.day + 1), TODAY)
    assert refused.value.minimum_age == age


@pytest.mark.parametrize("born", [date(2026, 3, 2), date(1895, 3, 1)])
def test_an_impossible_birth_date_is_refused(born: date) -> None:
    with pytest.raises(BirthDateImpossible):
        check_age("DE", born, TODAY)


def test_someone_born_on_a_leap_day_is_older_on_the_first_of_march() -> None:
    assert age_on(date(2026, 2, 28), date(2008, 2, 29)) == 17
    assert age_on(date(2026, 3, 1), date(2008, 2, 29)) == 18


def test_every_age_is_one_that_a_law_sets() -> None:
    assert all(13 <= age <= 18 for age in AGES_OF_CONSENT.values())


@pytest.mark.parametrize(("country", "region"), [("FR", "eu"), ("US", "us"), ("JP", "other")])
def test_the_country_decides_the_region(country: str, region: str) -> None:
    assert region_of(country) == region


@pytest.mark.parametrize(
    ("user_agent", "name", "family"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox 128 on Linux",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
            "Safari 17 on iPhone",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/126.0.6478.127 Safari/537.36 Edg/127.0",
            "Edge 127 on Windows",
            "Edge on Windows",
        ),
        ("python-urllib3/2.2.1", "Python", "Python"),
        ("secret-name-of-a-person/1.0", "another browser", "another browser"),
        ("", "another browser", "another browser"),
    ],
)
def test_a_device_is_reduced_to_family_and_version(user_agent: str, name: str, family: str) -> None:
    device = read_device(user_agent)
    assert (device.name, device.family) == (name, family)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("::ffff:198.51.100.77", "198.51.100.0/24"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_an_address_is_cut(address: str, kept: str) -> None:
    assert cut(address) == kept
