import pytest

from nexoraz.events.memory import MemoryEventStore
from nexoraz.events.testing.fakes import MemorySealer
from nexoraz.events.testing.store_contract import NOTES, StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def sealer(self) -> MemorySealer:
        return MemorySealer()

    @pytest.fixture
    def store(self, sealer: MemorySealer) -> MemoryEventStore:
        return MemoryEventStore(NOTES, sealer)
