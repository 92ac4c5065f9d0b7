"""Every test may ask for the real parts (nexoraz.local.testing.fixtures) or the whole suite (tests.journey.running)."""

pytest_plugins = ["nexoraz.local.testing.fixtures", "tests.journey.running"]
