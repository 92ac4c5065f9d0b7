"""Every test may ask for the real parts: see nexoraz.local.testing.fixtures."""

pytest_plugins = ["nexoraz.local.testing.fixtures"]
