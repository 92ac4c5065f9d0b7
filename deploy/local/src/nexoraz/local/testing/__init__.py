"""Real parts for tests: one set per test process, started when the first test asks, gone with the process."""
