"""The fakes keep the promises of the ports."""

import pytest

from nexoraz.events.testing import FixedClock
from nexoraz.identity.application.use_cases import Ports
from services.identity.tests.component.conftest import World
from services.identity.tests.port_contracts import PortsContract


class TestFakes(PortsContract):
    @pytest.fixture
    def ports(self, world: World) -> Ports:
        return world.ports

    @pytest.fixture
    def clock(self, world: World) -> FixedClock:
        return world.clock
