"""The chassis of a service's processes: HTTP, settings, health, telemetry, logs, database. It knows no event.

Nothing is imported here, so that a worker that needs only settings and health does not load Flask.
"""
