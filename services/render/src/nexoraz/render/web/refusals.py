"""Which HTTP status each broken rule answers with."""

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased
from nexoraz.render.application.ports import OutputsUnavailable
from nexoraz.render.presets.catalogue import UnknownPreset
from nexoraz.service.problems import Refusals

REFUSALS = Refusals({UnknownPreset: 422, OutputsUnavailable: 503, AccountErased: 401, KeyDestroyed: 401})
