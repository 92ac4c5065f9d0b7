"""Every test may ask for the real parts (nexoraz.local.testing.fixtures) or the whole suite (tests.journey.running)."""

from collections.abc import Iterator

import pytest
import structlog

from nexoraz.service import logging as logs

pytest_plugins = ["nexoraz.local.testing.fixtures", "tests.journey.running"]


@pytest.fixture(autouse=True)
def logs_outlive_no_test() -> Iterator[None]:
    """A log that a test directed to a stream of its own would be written to that stream after it is closed."""
    before = structlog.get_config(), logs._Sink.logger
    yield
    structlog.configure(**before[0])
    logs._Sink.logger = before[1]
