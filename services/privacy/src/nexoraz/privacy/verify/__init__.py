"""Check an erasure certificate and its amendments without any access to the suite."""

from nexoraz.privacy.verify.amendments import check_amendments
from nexoraz.privacy.verify.certificate import check, explain
from nexoraz.privacy.verify.command import GENUINE, NOT_GENUINE, OPEN, UNREADABLE, main
from nexoraz.privacy.verify.keys import read_keys

__all__ = ["GENUINE", "NOT_GENUINE", "OPEN", "UNREADABLE", "check", "check_amendments", "explain", "main", "read_keys"]
