"""The real adapters keep the promises of the ports."""

import pytest

from nexoraz.identity.application.use_cases import Ports
from nexoraz.identity.bootstrap import App
from services.identity.tests.port_contracts import PortsContract

pytestmark = pytest.mark.real


class TestAdapters(PortsContract):
    @pytest.fixture
    def ports(self, app_at_noon: App) -> Ports:
        return app_at_noon.ports
