"""What tests of a service need from the kernel: sentences about deciders, fakes, and the ports' contract suites."""

from nexoraz.events.testing.fakes import FixedClock, MemorySealer
from nexoraz.events.testing.sentences import given

__all__ = ["FixedClock", "MemorySealer", "given"]
