"""The people of the attacks, and the wire."""

import pytest

from tests.attacks.people import Somebody, newcomer, owner
from tests.attacks.wire import Wire
from tests.journey.running import RunningSuite


@pytest.fixture(scope="session")
def wire(suite: RunningSuite) -> Wire:
    return Wire(suite.port)


@pytest.fixture(scope="session")
def _ann(suite: RunningSuite) -> Somebody:
    return owner(suite)


@pytest.fixture(scope="session")
def _bob(suite: RunningSuite) -> Somebody:
    return newcomer(suite)


@pytest.fixture
def ann(_ann: Somebody) -> Somebody:
    """Has one of everything."""
    return _ann.fresh()


@pytest.fixture
def bob(_bob: Somebody) -> Somebody:
    """Has an account and nothing in it."""
    return _bob.fresh()
