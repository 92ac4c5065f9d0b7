"""The committed documents are what the code generates: run `python -m nexoraz.billing generate`."""

from typing import get_args

from nexoraz.billing.__main__ import COMMANDS
from nexoraz.billing.adapters import published, subscribed
from nexoraz.billing.domain import credits, purchase_commands, subscription
from nexoraz.billing.domain.events import EVENTS
from nexoraz.events.protocol_contracts import contracts_of


def test_the_committed_documents_equal_the_code() -> None:
    for name, text in COMMANDS.documents().items():
        assert (COMMANDS.root / name).read_text() == text, f"{name} is out of date"


README = (COMMANDS.root / "README.md").read_text()


def test_the_readme_names_every_command_event_and_refusal() -> None:
    kinds = {
        kind.__name__ for module in (credits, purchase_commands, subscription) for kind in get_args(module.Command)
    }
    assert {name for name in kinds | {event.__name__ for event in EVENTS} if f"`{name}`" not in README} == set()


def test_the_readme_names_every_event_in_and_out() -> None:
    own = {contract.type_name().split(".")[2] for contract in published.CONTRACTS}
    own -= {contract.type_name().split(".")[2] for contract in contracts_of("billing")}
    heard = {view.source.split(".")[2] for view in subscribed.HANDLERS}
    assert {name for name in own | heard if f"`{name}`" not in README} == set()
