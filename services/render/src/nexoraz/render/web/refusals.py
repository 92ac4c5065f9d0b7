"""Which HTTP status each broken rule answers with."""

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, VersionConflict
from nexoraz.render.application.ports import OutputsUnavailable
from nexoraz.render.domain.job import RenderAlreadyEnded, RenderAlreadyRetried, RenderNotFailed, RetriesExhausted
from nexoraz.render.presets.catalogue import UnknownPreset
from nexoraz.render.presets.wanted import FormatWithoutTransparency
from nexoraz.service.problems import Refusals

REFUSALS = Refusals(
    {
        UnknownPreset: 422,
        FormatWithoutTransparency: 422,
        RenderAlreadyEnded: 409,
        RenderNotFailed: 409,
        RenderAlreadyRetried: 409,
        RetriesExhausted: 409,
        VersionConflict: 409,
        OutputsUnavailable: 503,
        AccountErased: 401,
        KeyDestroyed: 401,
    }
)
