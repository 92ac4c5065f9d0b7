"""Signing in by a real OpenID provider in a process of its own; the other ports are in memory."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from nexoraz.identity.adapters.openid import OpenIdProviders, Registered
from nexoraz.identity.application.openid import (
    AddressHasAccount,
    AddressNotSure,
    Answered,
    Begun,
    NotLinked,
    OpenId,
    Opening,
)
from nexoraz.identity.application.ports import Asked, ProviderRefused, ProviderUnavailable, ProviderUnknown
from nexoraz.identity.application.session_starts import Client
from nexoraz.identity.application.sign_in import SignInRefused
from nexoraz.identity.domain.countries import BelowAgeOfConsent
from nexoraz.identity.domain.provider_link import ProviderNotLinked, SubjectTaken
from services.identity.tests import provider as provider_process
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import ADULT, EMAIL, PASSWORD, TODAY

NAME = "example-id"
HERE = Client("198.51.100.7", "Firefox/128.0 (X11; Linux)")
OPENING = Opening("DE", ADULT)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = str(Path(provider_process.__file__))
    process = subprocess.Popen([sys.executable, script, str(port)], stderr=subprocess.DEVNULL)
    issuer = f"http://127.0.0.1:{port}"
    try:
        wait_for(issuer)
        yield issuer
    finally:
        process.terminate()
        process.wait(10)


def wait_for(issuer: str) -> None:
    for _ in range(200):
        try:
            requests.get(f"{issuer}/keys", timeout=1)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the provider did not start")


@pytest.fixture
def openid(issuer: str, member: World) -> OpenId:
    """Of a world in which Ann has an account and the provider tells the truth."""
    lie(issuer)
    told = provider_process.settings(urlsplit(issuer).port or 0)
    member.providers.update({name: Registered(**each) for name, each in told.items()})
    return member.use.openid


def lie(issuer: str, **lies: Any) -> None:
    requests.post(f"{issuer}/lies", json=lies, timeout=5)


def visit(begun: Begun, email: str = EMAIL, subject: str = "person-1") -> Answered:
    """The person's browser goes to the provider and comes back."""
    who = {"subject": subject, "email": email}
    answer = requests.get(begun.authorization_url, params=who, allow_redirects=False, timeout=5)
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    return Answered(NAME, begun.handle, back["code"][0], back["state"][0])


def link(openid: OpenId, world: World) -> str:
    ann = world.sign_in().account_id
    openid.link(ann, visit(openid.begin(NAME, HERE, ann)))
    return ann


def test_who_is_signed_in_links_and_then_signs_in_by_the_provider(openid: OpenId, member: World) -> None:
    ann = link(openid, member)
    assert openid.sign_in(visit(openid.begin(NAME, HERE)), None, HERE).account_id == ann
    assert openid.linked(ann) == [NAME]
    [facts] = [facts for kind, facts in member.letters() if kind == "credential-changed"]
    assert (facts["what"], facts["done"]) == ("sign-in by example-id", "added")


def test_an_unlinked_provider_signs_nobody_in(openid: OpenId, member: World) -> None:
    ann = link(openid, member)
    openid.unlink(ann, NAME)
    with pytest.raises(ProviderNotLinked):
        openid.unlink(ann, NAME)
    with pytest.raises(NotLinked):
        openid.sign_in(visit(openid.begin(NAME, HERE)), None, HERE)


def test_an_address_that_has_an_account_links_nothing_by_itself(openid: OpenId) -> None:
    with pytest.raises(NotLinked):
        openid.sign_in(visit(openid.begin(NAME, HERE)), None, HERE)
    with pytest.raises(AddressHasAccount):
        openid.sign_in(visit(openid.begin(NAME, HERE)), OPENING, HERE)


def test_who_agrees_gets_an_account_whose_address_the_provider_has_confirmed(openid: OpenId, member: World) -> None:
    begun = openid.begin(NAME, HERE)
    bob = openid.sign_in(visit(begun, "Bob@example.org", "bob"), OPENING, HERE).account_id
    assert openid.sign_in(visit(openid.begin(NAME, HERE), "", "bob"), None, HERE).account_id == bob
    with member.store.transaction() as tx:
        profile = member.use.profiles.find(tx, bob)
    assert profile is not None and profile.email == "bob@example.org"


def test_a_password_of_an_unconfirmed_registration_does_not_come_with_it(openid: OpenId, member: World) -> None:
    member.register("bob@example.org", "chosen by a stranger")
    openid.sign_in(visit(openid.begin(NAME, HERE), "bob@example.org", "bob"), OPENING, HERE)
    with pytest.raises(SignInRefused):
        member.sign_in("bob@example.org", "chosen by a stranger")


def test_below_the_age_of_consent_nothing_is_kept(openid: OpenId, member: World) -> None:
    before = member.events(), member.letters()
    child = Opening("DE", date(TODAY.year - 12, 1, 1))
    with pytest.raises(BelowAgeOfConsent):
        openid.sign_in(visit(openid.begin(NAME, HERE), "kid@example.org", "kid"), child, HERE)
    assert (member.events(), member.letters()) == before


def test_an_address_that_the_provider_has_not_confirmed_links_nothing(
    openid: OpenId, issuer: str, member: World
) -> None:
    for unsure in ({"email_verified": False}, {"email_verified": "true"}):
        lie(issuer, claims=unsure)
        with pytest.raises(AddressNotSure):
            openid.sign_in(visit(openid.begin(NAME, HERE), "bob@example.org", "bob"), OPENING, HERE)
        ann = member.sign_in().account_id
        with pytest.raises(AddressNotSure):
            openid.link(ann, visit(openid.begin(NAME, HERE, ann)))


@pytest.mark.parametrize(
    "lies",
    [
        {"claims": {"nonce": "of another sign-in"}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"aud": "another-client"}},
        {"claims": {"aud": ["nexoraz", "another-client"], "azp": "another-client"}},
        {"claims": {"exp": 1}},
        {"claims": {"iat": 9_999_999_999}},
        {"claims": {"at_hash": "of another token"}},
        {"key": "a stranger's"},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    openid: OpenId, issuer: str, member: World, lies: dict[str, Any]
) -> None:
    link(openid, member)
    lie(issuer, **lies)
    with pytest.raises(ProviderRefused):
        openid.sign_in(visit(openid.begin(NAME, HERE)), None, HERE)


def test_an_answer_works_once_in_the_browser_that_began_and_for_what_it_began(openid: OpenId, member: World) -> None:
    ann = link(openid, member)
    answered = visit(openid.begin(NAME, HERE))
    openid.sign_in(answered, None, HERE)
    other, linking = openid.begin(NAME, HERE), visit(openid.begin(NAME, HERE, ann))
    stolen = visit(openid.begin(NAME, HERE))
    for wrong in (answered, Answered(NAME, other.handle, stolen.code, stolen.state), linking):
        with pytest.raises(ProviderRefused):
            openid.sign_in(wrong, None, HERE)


def test_a_code_is_worth_nothing_without_the_verifier(openid: OpenId, member: World) -> None:
    answered = visit(openid.begin(NAME, HERE))
    with pytest.raises(ProviderRefused):
        member.ports.providers.identify(NAME, answered.code, Asked(answered.state, "nonce", "v" * 64))


def test_a_subject_belongs_to_one_account(openid: OpenId, member: World) -> None:
    link(openid, member)
    member.register("bob@example.org")
    member.verify()
    bob = member.sign_in("bob@example.org", PASSWORD).account_id
    with pytest.raises(SubjectTaken):
        openid.link(bob, visit(openid.begin(NAME, HERE, bob)))


def test_a_provider_that_is_away_unknown_or_somebody_else_is_told_apart(issuer: str) -> None:
    asked = Asked("state", "nonce", "v" * 64)
    away = Registered("http://127.0.0.1:9", "client", "secret", "https://app.example")
    elsewhere = Registered(issuer.replace("127.0.0.1", "localhost"), "client", "secret", "https://app.example")
    providers = OpenIdProviders({"away": away, "elsewhere": elsewhere})
    for name in ("away", "elsewhere"):
        with pytest.raises(ProviderUnavailable):
            providers.authorization_url(name, asked)
    with pytest.raises(ProviderUnknown):
        providers.authorization_url("nobody", asked)


def test_a_link_of_an_erased_account_signs_nobody_in(openid: OpenId, member: World) -> None:
    ann = link(openid, member)
    with member.store.transaction() as tx:
        tx.tombstone(ann)
    member.sealer.destroy(ann)
    with pytest.raises(NotLinked):
        openid.sign_in(visit(openid.begin(NAME, HERE)), None, HERE)
