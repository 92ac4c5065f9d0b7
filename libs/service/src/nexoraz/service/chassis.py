"""What every service lends to the kernel's runtime, which knows neither processes nor HTTP."""

from nexoraz.service.database import make_engine
from nexoraz.service.health import serve_health
from nexoraz.service.migrate import migrate
from nexoraz.service.revocations import revoke
from nexoraz.service.telemetry import current_traceparent

__all__ = ["current_traceparent", "make_engine", "migrate", "revoke", "serve_health"]
