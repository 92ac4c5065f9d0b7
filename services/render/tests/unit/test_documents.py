"""The committed documents are what the code generates: run `python -m nexoraz.render generate`."""

from nexoraz.render.__main__ import COMMANDS


def test_the_committed_documents_equal_the_code() -> None:
    for name, text in COMMANDS.documents().items():
        assert (COMMANDS.root / name).read_text() == text, f"{name} is out of date"
