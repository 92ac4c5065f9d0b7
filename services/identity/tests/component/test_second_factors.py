"""The second factor, with every port in memory and a software authenticator."""

import base64
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from nexoraz.identity.application.session_starts import Client
from nexoraz.identity.application.sign_in import SignInRefused
from nexoraz.identity.application.throttling import TooManyAttempts
from nexoraz.identity.domain.second_factor import (
    SecondFactorAlreadyAdded,
    SecondFactorCodeRefused,
    SecondFactorUnknown,
)
from nexoraz.identity.domain.totp import STEP, code_of, step_at
from services.identity.tests.authenticator import Authenticator
from services.identity.tests.component.conftest import World
from services.identity.tests.examples import EMAIL, PASSWORD


def secret_in(uri: str) -> bytes:
    return base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])


class Phone:
    """An authenticator application with one entry."""

    def __init__(self, world: World, account_id: str) -> None:
        self.world, self.account_id = world, account_id
        self.secret = secret_in(world.use.second_factors.offer(account_id).uri)

    def code(self, steps: int = 0) -> str:
        return code_of(self.secret, step_at(self.world.clock()) + steps)

    def wrong(self) -> str:
        """A code of none of the steps that are looked at."""
        right = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in ("000000", "000001", "000002", "000003") if code not in right)


def with_factor(world: World) -> tuple[Phone, list[str]]:
    phone = Phone(world, world.sign_in().account_id)
    return phone, world.use.second_factors.add(phone.account_id, phone.code())


def refused(world: World, password: str = PASSWORD, code: str = "") -> None:
    waited = world.waited
    with pytest.raises(SignInRefused) as answer:
        world.sign_in(password=password, code=code)
    assert answer.value == SignInRefused() and world.waited > waited


def told(world: World) -> list[tuple[str, str]]:
    return [(facts["what"], facts["done"]) for kind, facts in world.letters() if kind == "credential-changed"]


def test_an_offer_is_a_uri_for_an_authenticator_and_counts_for_nothing_yet(member: World) -> None:
    ann = member.sign_in().account_id
    uri = urlsplit(member.use.second_factors.offer(ann).uri)
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", f"/Nexoraz:{EMAIL}")
    facts = parse_qs(uri.query)
    assert facts.pop("secret")[0].isalnum()
    assert facts == {"issuer": ["Nexoraz"], "algorithm": ["SHA1"], "digits": ["6"], "period": ["30"]}
    assert member.sign_in() and told(member) == []


def test_a_first_code_confirms_it_and_the_owner_is_told(member: World) -> None:
    phone, codes = with_factor(member)
    assert len(set(codes)) == 10 and told(member) == [("second factor", "added")]
    state = member.use.second_factors.of(phone.account_id)
    assert (state.added_at, len(state.recovery_hashes)) == (member.clock(), 10)
    with pytest.raises(SecondFactorAlreadyAdded):
        member.use.second_factors.offer(phone.account_id)


def test_a_wrong_code_and_a_code_of_an_older_offer_confirm_nothing(member: World) -> None:
    ann = member.sign_in().account_id
    with pytest.raises(SecondFactorUnknown):
        member.use.second_factors.add(ann, "000000")
    older, phone = Phone(member, ann), Phone(member, ann)
    for wrong in (phone.wrong(), older.code()):
        with pytest.raises(SecondFactorCodeRefused):
            member.use.second_factors.add(ann, wrong)
    assert member.sign_in()


def test_an_offer_ends_after_fifteen_minutes(member: World) -> None:
    phone = Phone(member, member.sign_in().account_id)
    member.clock.advance(minutes=15)
    with pytest.raises(SecondFactorUnknown):
        member.use.second_factors.add(phone.account_id, phone.code())


def test_with_a_factor_the_password_alone_signs_nobody_in_and_all_refusals_are_alike(member: World) -> None:
    phone, codes = with_factor(member)
    member.clock.advance(seconds=STEP)
    refused(member)
    refused(member, code=phone.wrong())
    refused(member, password="wrong", code=phone.code())
    refused(member, password="wrong", code=codes[0])
    assert member.sign_in(code=phone.code()).account_id == phone.account_id


def test_a_code_is_good_once_and_an_older_one_no_more(member: World) -> None:
    phone, _ = with_factor(member)
    refused(member, code=phone.code())
    member.clock.advance(seconds=2 * STEP)
    late = phone.code(-1)
    assert member.sign_in(code=phone.code())
    refused(member, code=phone.code())
    refused(member, code=late)
    assert member.sign_in(code=phone.code(+1))


def test_a_wrong_password_uses_no_code_up(member: World) -> None:
    phone, codes = with_factor(member)
    member.clock.advance(seconds=STEP)
    for code in (phone.code(), codes[0]):
        refused(member, password="wrong", code=code)
        assert member.sign_in(code=code)


def test_a_recovery_code_signs_in_once_however_it_is_written_and_is_told(member: World) -> None:
    phone, codes = with_factor(member)
    assert member.sign_in(code=codes[0])
    refused(member, code=codes[0])
    assert member.sign_in(code=codes[1].upper().replace("-", " "))
    assert len(member.use.second_factors.of(phone.account_id).recovery_hashes) == 8
    assert told(member)[1:] == [("recovery code", "used")] * 2


def test_too_many_codes_are_refused_from_everywhere_and_no_answer_says_why(member: World) -> None:
    phone, codes = with_factor(member)
    member.clock.advance(seconds=STEP)
    for n in range(10):
        with pytest.raises(SignInRefused):
            member.use.sign_in.sign_in(EMAIL, PASSWORD, Client(f"203.0.113.{n}"), phone.wrong())
    for code in (phone.code(), codes[0]):
        refused(member, code=code)
    member.clock.advance(hours=1)
    assert member.sign_in(code=phone.code())


def test_a_right_password_with_wrong_codes_is_slowed_down_like_a_wrong_password(member: World) -> None:
    phone, _ = with_factor(member)
    for _ in range(10):
        refused(member, code=phone.wrong())
    with pytest.raises(TooManyAttempts):
        member.sign_in(code=phone.wrong())


def test_who_confirms_may_not_guess(member: World) -> None:
    phone = Phone(member, member.sign_in().account_id)
    for _ in range(10):
        with pytest.raises(SecondFactorCodeRefused):
            member.use.second_factors.add(phone.account_id, phone.wrong())
    with pytest.raises(TooManyAttempts):
        member.use.second_factors.add(phone.account_id, phone.code())


def test_a_removed_factor_is_not_asked_for_and_its_secret_is_gone(member: World) -> None:
    phone, codes = with_factor(member)
    factor_id = member.use.second_factors.of(phone.account_id).factor_id
    member.use.second_factors.remove(phone.account_id)
    assert told(member) == [("second factor", "added"), ("second factor", "removed")]
    assert member.sign_in()
    with member.store.transaction() as tx:
        assert member.ports.factor_secrets.find(tx, phone.account_id, factor_id) is None
    with pytest.raises(SecondFactorUnknown):
        member.use.second_factors.remove(phone.account_id)
    again, _ = with_factor(member)
    refused(member, code=codes[0])
    assert again.secret != phone.secret


def test_a_passkey_needs_no_code(member: World) -> None:
    phone, _ = with_factor(member)
    key = Authenticator("https://nexoraz.test", "nexoraz.test")
    passkeys, here = member.use.passkeys, Client("198.51.100.7")
    passkeys.add(phone.account_id, "Key", key.create(passkeys.begin(phone.account_id)))
    assert passkeys.sign_in(key.get(passkeys.challenge(here)), here).account_id == phone.account_id


def test_history_says_when_and_neither_history_nor_events_hold_secret_or_codes(member: World) -> None:
    phone, codes = with_factor(member)
    member.use.second_factors.remove(phone.account_id)
    changes = member.use.history.of(phone.account_id, None, 10)
    assert {"second-factor-added", "second-factor-removed"} < {change.change for change in changes}
    text = repr([changes, member.events()])
    assert not any(code in text for code in (*codes, base64.b32encode(phone.secret).decode()))


def test_a_factor_of_an_erased_account_signs_nobody_in(member: World) -> None:
    phone, codes = with_factor(member)
    factor_id = member.use.second_factors.of(phone.account_id).factor_id
    with member.store.transaction() as tx:
        tx.tombstone(phone.account_id)
    member.sealer.destroy(phone.account_id)
    refused(member, code=codes[0])
    with member.store.transaction() as tx:
        assert member.ports.factor_secrets.find(tx, phone.account_id, factor_id) is None
