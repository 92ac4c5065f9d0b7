"""Every test may ask for the real parts (nexoraz.local.testing.fixtures) or the whole suite (tests.journey.running)."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from nexoraz.service import logging as logs

pytest_plugins = ["nexoraz.local.testing.fixtures", "tests.journey.running"]


@pytest.fixture(autouse=True)
def logs_outlive_no_test() -> Iterator[None]:
    """What a test did to the log of this process ends with it: its stream may be closed when another test writes."""
    root = logging.getLogger()
    before, sink, handlers, level = structlog.get_config(), logs._Sink.logger, root.handlers, root.level
    yield
    structlog.configure(**before)
    logs._Sink.logger, root.handlers = sink, handlers
    root.setLevel(level)
