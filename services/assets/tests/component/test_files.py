"""The fake of the storage keeps the promises of the real one."""

import pytest

from nexoraz.assets.adapters.memory import MemoryFiles
from nexoraz.assets.application.ports import PhotoFiles
from services.assets.tests.port_contracts import FilesContract


class TestMemoryFiles(FilesContract):
    @pytest.fixture
    def files(self) -> PhotoFiles:
        return MemoryFiles()
