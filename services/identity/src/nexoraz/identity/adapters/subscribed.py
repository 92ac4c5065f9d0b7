"""What identity listens to: nothing of the business. Its part in erasure and export is participation's.

identity's own keys and revocations do not take the way over the bus: projections/access.py keeps them.
"""

from collections.abc import Mapping

from nexoraz.events.consumer import Handler
from nexoraz.events.contracts import Foreign

HANDLERS: Mapping[type[Foreign], Handler] = {}
