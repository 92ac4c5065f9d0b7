"""Told once in each way, accepted once and only by a use after the telling; versions never change."""

from datetime import timedelta
from hashlib import sha256
from importlib.resources import files

from nexoraz.events.testing import given
from nexoraz.privacy.domain.policy import POLICY_VERSION, VERSIONS
from nexoraz.privacy.domain.policy_change import (
    Channel,
    NoteUse,
    PolicyAccepted,
    PolicyChangeTold,
    TellPolicyChange,
    policy_change,
)
from services.privacy.tests import examples as x

V = "2026-11-22"
LATER, EARLIER = x.NOW + timedelta(hours=1), x.NOW - timedelta(seconds=1)
MAILED = PolicyChangeTold(x.ACCOUNT, V, Channel.MAIL, x.NOW)
ACCEPTED = PolicyAccepted(x.ACCOUNT, V, "photo-uploaded", LATER)
USE = NoteUse(x.ACCOUNT, "photo-uploaded", LATER)
TEXTS = {"2025-10-15": "8888f8f9294f3e83"}


def test_an_account_is_told_once_in_each_way() -> None:
    tell = TellPolicyChange(x.ACCOUNT, V, Channel.MAIL, x.NOW)
    given(policy_change).when(tell).then(MAILED)
    given(policy_change, MAILED).when(TellPolicyChange(x.ACCOUNT, V, Channel.MAIL, LATER)).then()
    in_app = PolicyChangeTold(x.ACCOUNT, V, Channel.APP, LATER)
    given(policy_change, MAILED).when(TellPolicyChange(x.ACCOUNT, V, Channel.APP, LATER)).then(in_app)


def test_going_on_after_being_told_accepts_once() -> None:
    given(policy_change, MAILED).when(USE).then(ACCEPTED)
    given(policy_change, MAILED, ACCEPTED).when(USE).then()


def test_nobody_accepts_what_they_were_not_told_or_did_before() -> None:
    given(policy_change).when(USE).then()
    given(policy_change, MAILED).when(NoteUse(x.ACCOUNT, "photo-uploaded", EARLIER)).then()


def test_versions_are_in_order_and_each_has_its_text() -> None:
    names = [version.version for version in VERSIONS]
    assert names == sorted(set(names))
    assert names[-1] == POLICY_VERSION
    for version in VERSIONS:
        assert version.version == version.in_force_from.isoformat()
        assert (files("nexoraz.privacy") / "policy" / f"{version.version}.md").read_text(encoding="utf-8")


def test_a_version_that_was_in_force_is_never_edited() -> None:
    for version, begins in TEXTS.items():
        text = (files("nexoraz.privacy") / "policy" / f"{version}.md").read_bytes()
        assert sha256(text).hexdigest().startswith(begins), version
