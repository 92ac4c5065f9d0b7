"""The committed documents are what the code generates: run `python -m nexoraz.assets generate`."""

from nexoraz.assets.__main__ import COMMANDS
from nexoraz.service.committed import stale


def test_the_committed_documents_equal_the_code() -> None:
    assert stale(COMMANDS.root, COMMANDS.documents()) == []
