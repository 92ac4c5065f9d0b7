"""The role of an operator on real parts: the command line gives and takes it, and a race cannot keep it."""

import threading
from argparse import ArgumentParser

import pytest

from nexoraz.events.store import execute
from nexoraz.identity.adapters import operator_desk
from nexoraz.identity.application.operators import operator_stream
from nexoraz.identity.bootstrap import App
from nexoraz.identity.domain.operator import OPERATORS, RevokeOperator
from services.identity.tests.examples import EMAIL, NOW
from services.identity.tests.integration.journeys import BASE, Person

pytestmark = pytest.mark.real


def desk(app: App, *words: str) -> int:
    parser = ArgumentParser()
    operator_desk.add_arguments(parser)
    return operator_desk.operate(app.use_cases.operators, parser.parse_args(words))


def test_the_command_line_gives_lists_and_takes_the_role(
    app: App, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.join()
    assert desk(app, "grant", EMAIL) == 0
    headers = {"Authorization": f"Bearer {person.sign_in().json['access_token']}"}
    assert desk(app, "list") == 0
    assert EMAIL in capsys.readouterr().out
    assert person.client.get(f"{BASE}/profile", headers=headers).status_code == 200
    assert desk(app, "revoke", EMAIL) == 0
    assert person.client.get(f"{BASE}/profile", headers=headers).status_code == 401
    capsys.readouterr()
    assert desk(app, "list") == 0
    assert capsys.readouterr().out.startswith("none\n")


def test_an_address_that_nobody_has_is_told(app: App, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk(app, "grant", "nobody@example.org") == 1
    assert desk(app, "revoke", "no address") == 1
    assert "No account" in capsys.readouterr().err


def test_a_revocation_waits_for_the_session_that_is_being_made(app: App, person: Person) -> None:
    """Otherwise a token with the role could be made after the revocation had looked for sessions to end."""
    person.join()
    account_id, store, began = app.use_cases.operators.grant(EMAIL), app.runtime.store, threading.Event()

    def revoke() -> None:
        began.set()
        with store.transaction() as tx:
            execute(tx, OPERATORS, operator_stream(account_id), RevokeOperator(account_id, NOW))

    waiting = threading.Thread(target=revoke)
    with store.transaction() as tx:
        assert app.ports.operators.has(tx, account_id)
        waiting.start()
        began.wait()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(10)
    with store.transaction() as tx:
        assert not app.ports.operators.has(tx, account_id)
