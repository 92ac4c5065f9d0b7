"""Which HTTP status each broken rule answers with."""

from nexoraz.render.presets.catalogue import UnknownPreset
from nexoraz.service.problems import Refusals

REFUSALS = Refusals({UnknownPreset: 422})
