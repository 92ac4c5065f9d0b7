"""An erasure whose worker dies at every step, on real PostgreSQL."""

import pytest

from libs.events.tests.participating import ANN, BOB, ERASE_ANN, Killed, die_at, dies, receipt, revive
from nexoraz.events.protocol_contracts import ErasureRequested
from nexoraz.events.protocol_events import (
    ErasureBegun,
)
from nexoraz.events.testing.notebook import Notebook

pytestmark = pytest.mark.real


STEPS = [
    "before", "objects_inventory", "objects counted", "destroy", "destroyed", "erase_rows", "rows erased",
    "erase_objects", "objects erased", "everything", "wait", "count", "counted on bus", "purge", "purged", "after",
]  # fmt: skip


class TestKilledAtEveryStep:
    """SIGKILL before or after each step, then another worker: the same receipt as without any."""

    @pytest.mark.parametrize("step", STEPS)
    def test_the_receipt_is_the_same(self, notebook: Notebook, step: str) -> None:
        notebook.live(BOB, notes=3, invoices=1)
        notebook.receive(ErasureRequested(BOB, "undisturbed", ["notebook"]))
        notebook.work()
        expected = receipt(notebook)
        notebook.live(ANN, notes=3, invoices=1)
        notebook.receive(ERASE_ANN)
        die_at(notebook, step)
        with pytest.raises(Killed):
            notebook.work()
        revive(notebook)
        notebook.work()
        got = receipt(notebook)
        strip = {"lines": [(line.store, line.found, line.erased, line.retained) for line in got["lines"]]}  # type: ignore[attr-defined]
        wanted = {"lines": [(x.store, x.found, x.erased, x.retained) for x in expected["lines"]]}  # type: ignore[attr-defined]
        assert {**got, **strip} == {**expected, **wanted}
        assert notebook.rows_of(ANN) == {"events": 0, "notes": 0, "note_lines": 0, "invoices": 1}
        assert notebook.waiting() == 0 and ANN not in notebook.bus.messages

    def test_a_beginning_that_was_rolled_back_left_nothing(self, notebook: Notebook) -> None:
        notebook.live(ANN)
        before = notebook.fingerprint(ANN)
        notebook.participation._on_begun = dies  # type: ignore[assignment]
        with pytest.raises(Killed):
            notebook.receive(ERASE_ANN)
        assert notebook.fingerprint(ANN) == before and notebook.events(ErasureBegun) == [] and notebook.waiting() == 0
        with notebook.store.transaction() as tx:
            assert not tx.is_erased(ANN)
