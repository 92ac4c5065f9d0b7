"""RT4, X3 and "policy changes told" of U2: mail that can be stopped, and a policy whose changes are told on record."""

import pytest
import urllib3

from tests.journey.demo import sample
from tests.journey.person import Json, Person, until
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence
from tests.policy.operators import PURPOSE, operator

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
OLD, NEW = "2025-10-15", "2026-11-22"
NEWS, POLICY = "You get our news", "Our privacy policy changed"
NOTICES = "/v1/privacy/policy/notices"


def mail(person: Person, subject: str) -> Json:
    return until(lambda: next((m for m in person.mails() if m["subject"] == subject), None), f"{subject} came")


def visit(method: str, address: str, body: bytes | None = None) -> int:
    """What a mail program sends (RFC 8058): a form, no cookie, no sign-in."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    return urllib3.request(method, address, body=body, headers=headers, retries=False, timeout=30).status


def say_yes(person: Person) -> None:
    choice = {"purpose": "marketing", "given": True}
    assert ask(person, "POST", "/v1/privacy/consents", choice).status == 200


@shows("RT4", "one click")
@shows("RT4", "without sign-in")
@shows("RT4", "reading changes nothing")
@shows("RT4", "suppression survives erasure")
def test_one_click_stops_news_for_ever(suite: RunningSuite, evidence: Evidence) -> None:
    bob, carol = suite.person(), suite.person()
    for person in (bob, carol):
        person.register()
        person.sign_in()
    say_yes(bob)
    headers = mail(bob, NEWS)["headers"]
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    link = headers["list-unsubscribe"].strip("<>")
    assert visit("GET", link) == 200
    assert visit("POST", link, b"nothing=at-all") == 422
    assert visit("POST", link, b"List-Unsubscribe=One-Click") == 200
    assert visit("POST", link[:-1] + ("0" if link[-1] != "0" else "1"), b"List-Unsubscribe=One-Click") == 404
    request_id, token = bob.ask_erasure()
    assert [name for name, _ in bob.watch(request_id, token)][-1] == "completed"
    before = [m["subject"] for m in bob.mails()].count(NEWS)
    again = Person(bob.places, bob.email)
    again.register()
    again.sign_in()
    say_yes(again)
    say_yes(carol)
    mail(carol, NEWS)
    assert [m["subject"] for m in bob.mails()].count(NEWS) == before == 1
    essential = next(m for m in bob.mails() if m["subject"] == "Confirm your address")
    assert "list-unsubscribe" not in essential["headers"]
    assert "essential message" in essential["text"]
    evidence("POST without cookies stopped it, GET did not; the erased address returned, said yes, and got none")


@shows("X3", "versions and differences")
@shows("X3", "told once on record")
@shows("X3", "acceptance recorded")
@shows("U2", "policy changes told")
def test_a_material_change_is_told_once_and_accepted_by_going_on(suite: RunningSuite, evidence: Evidence) -> None:
    dora = suite.person()
    dora.register()
    dora.sign_in()
    changed = ask(dora, "GET", f"/v1/privacy/policy/difference?old={OLD}&new={NEW}").json["lines"]
    assert any(line.startswith("+") for line in changed)
    assert ask(dora, "POST", f"/v1/privacy/admin/policy/{NEW}/notice", **PURPOSE).status == 403
    desk = operator(suite)
    for _ in range(2):
        assert ask(desk, "POST", f"/v1/privacy/admin/policy/{NEW}/notice", **PURPOSE).status == 202
    told = until(lambda: _told(dora, "app", "mail"), "the account was told both ways")
    dora.upload(sample())
    accepted = until(lambda: _accepted(dora), "going on was recorded")
    assert [m["subject"] for m in dora.mails()].count(POLICY) == 1
    assert "essential message" in mail(dora, POLICY)["text"]
    evidence(f"{len(changed)} lines of difference; told by {told}, one mail; accepted by {accepted}")


def _told(person: Person, *ways: str) -> str | None:
    [notice] = person.call("GET", NOTICES)["items"]
    known = [told["how"] for told in notice["told"]]
    return " and ".join(sorted(known)) if set(ways) <= set(known) else None


def _accepted(person: Person) -> str | None:
    [notice] = person.call("GET", NOTICES)["items"]
    return notice["accepted_by"] if notice["accepted_at"] else None
