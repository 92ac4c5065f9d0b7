"""What is committed beside the code is what the code makes."""

import re
from collections.abc import Iterable

import pytest

from nexoraz.events.contracts import Foreign
from nexoraz.events.decider import Refused
from nexoraz.identity.adapters import published, subscribed
from nexoraz.identity.bootstrap import ROOT, documents
from nexoraz.identity.domain import (
    access_code,
    account,
    address_change,
    countries,
    email_address,
    operator,
    passkey,
    password,
    provider_link,
    second_factor,
    session,
    signing_key,
)  # fmt: skip
from nexoraz.identity.domain.events import EVENTS
from nexoraz.service.committed import stale
from services.identity.tests.component.conftest import World

README = (ROOT / "README.md").read_text()


def test_the_generated_documents_are_committed() -> None:
    assert stale(ROOT, documents()) == [], "run: python -m nexoraz.identity generate"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the README."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([A-Za-z]+)`", cell)}


def test_the_readme_names_every_command_event_and_refusal() -> None:
    table = rows("Commands")
    commands = {"RegisterAccount", "VerifyAccount", "RenameAccount"}
    commands |= {
        "StartSession",
        "RefreshSession",
        "RevokeSession",
        "EnsureSigningKey",
        "GrantOperator",
        "RevokeOperator",
        "SendAccessCode",
        "UseAccessCode",
        "ChangeAddress",
        "SeeDevice",
        "StartPasswordReset",
        "ReplaceByLink",
        "ReplaceByPassword",
        "StartAddressChange",
        "ConfirmAddressChange",
        "AddPasskey",
        "UsePasskey",
        "RemovePasskey",
        "OfferSecondFactor",
        "AddSecondFactor",
        "UseSecondFactor",
        "UseRecoveryCode",
        "RemoveSecondFactor",
        "LinkProvider",
        "UnlinkProvider",
    }
    assert names([row[0] for row in table]) == commands
    assert names([row[1] for row in table]) == {event.__name__ for event in EVENTS}
    modules = (
        access_code, account, address_change, countries, email_address, operator, passkey,
        password, provider_link, second_factor, session, signing_key,
    )  # fmt: skip
    refusals = {
        name for module in modules for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Refused) and kind is not Refused
    }  # fmt: skip
    assert names([row[2] for row in table]) == refusals


def _handlers() -> Iterable[type[Foreign]]:
    use = World().use
    return subscribed.handlers(use.notices, use.news, use.policy_mails, use.usage)


def test_the_readme_names_every_event_in_and_out() -> None:
    said = {contract.type_name().removeprefix("nexoraz.identity.") for contract in published.CONTRACTS}
    assert {name for row in rows("Events out") for name in re.findall(r"`([a-z0-9.-]+)`", row[0])} == said
    heard = {view.source.rpartition("privacy.")[2] for view in _handlers()}
    assert heard <= set(re.findall(r"`([a-z0-9.-]+)`", README.split("## Events in\n")[1].split("\n## ")[0]))


@pytest.mark.parametrize("heading", ["Data held"])
def test_the_readme_names_every_table(heading: str) -> None:
    from nexoraz.identity.adapters.schema import IdentityTables

    named = {name for row in rows(heading) for name in re.findall(r"`([a-z_]+)`", row[0])}
    assert named == {table.name for table in IdentityTables().metadata.sorted_tables}
