"""Which HTTP status each broken rule answers with, and what must look like something else."""

from flask import Flask, Response

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, VersionConflict
from nexoraz.privacy.domain import hold as h
from nexoraz.privacy.domain import refusals as r
from nexoraz.privacy.domain.consent import PrivacyControlSent
from nexoraz.privacy.domain.referral import NotThatKind, ReferralSettled, ReferralUnknown
from nexoraz.service.problems import Refusals, not_found, respond

REFUSALS = Refusals(
    {
        r.SignInTooOld: 403,
        r.RequestAlreadyActive: 409,
        r.AccountBeingErased: 409,
        r.NotInGrace: 409,
        r.RequestEnded: 409,
        r.AlreadyExtended: 409,
        r.DeadlinePassed: 409,
        r.ErasureHasBegun: 409,
        r.NotForOperators: 409,
        r.NothingToRetry: 409,
        r.SelfServiceOffered: 409,
        PrivacyControlSent: 409,
        ReferralUnknown: 404,
        ReferralSettled: 409,
        NotThatKind: 409,
        AccountErased: 409,
        r.NoParticipants: 409,
        h.ErasureBegan: 409,
        h.HoldNotInForce: 409,
        h.ParticipantUnknown: 422,
        h.UntilPassed: 422,
        VersionConflict: 409,
    }
)


def install_answers(app: Flask) -> None:
    """Who asks while the account's keys are being destroyed meets the 404 of somebody who is gone."""

    def nothing_here(_: Exception) -> Response:
        return respond(not_found())

    app.register_error_handler(KeyDestroyed, nothing_here)
