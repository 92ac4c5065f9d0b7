"""Which HTTP status each broken rule answers with."""

from nexoraz.events.registry import KeyDestroyed
from nexoraz.privacy.domain import refusals as r
from nexoraz.service.problems import Refusals

REFUSALS = Refusals(
    {
        r.SignInTooOld: 403,
        r.RequestAlreadyActive: 409,
        r.AccountBeingErased: 409,
        r.NotInGrace: 409,
        r.NoParticipants: 409,
        KeyDestroyed: 409,
    }
)
