"""Which HTTP status each broken rule gets, and the few that need a header or must look like something else."""

from flask import Flask, Response

from nexoraz.events.registry import KeyDestroyed
from nexoraz.events.store import AccountErased, VersionConflict
from nexoraz.identity.application.openid import AddressHasAccount, AddressNotSure, NotLinked
from nexoraz.identity.application.ports import CeremonyRefused, ProviderRefused, ProviderUnavailable, ProviderUnknown
from nexoraz.identity.application.sign_in import RefreshRefused, SignInRefused
from nexoraz.identity.application.throttling import TooManyAttempts
from nexoraz.identity.domain.access_code import AccessCodeRefused
from nexoraz.identity.domain.account import AccountNotVerified, VerificationGone
from nexoraz.identity.domain.address_change import AddressChangeGone, AddressTaken
from nexoraz.identity.domain.countries import BelowAgeOfConsent, BirthDateImpossible
from nexoraz.identity.domain.email_address import EmailAddressInvalid
from nexoraz.identity.domain.passkey import PasskeyAlreadyAdded, PasskeysExhausted, PasskeyUnknown
from nexoraz.identity.domain.password import PasswordResetGone
from nexoraz.identity.domain.provider_link import ProviderAlreadyLinked, ProviderNotLinked, SubjectTaken
from nexoraz.identity.domain.second_factor import (
    SecondFactorAlreadyAdded,
    SecondFactorCodeRefused,
    SecondFactorUnknown,
)
from nexoraz.identity.domain.session import RefreshRaced, SessionUnknown
from nexoraz.service.problems import Problem, Refusals, not_found, respond

REFUSALS = Refusals(
    {
        EmailAddressInvalid: 422,
        BirthDateImpossible: 422,
        BelowAgeOfConsent: 403,
        VerificationGone: 410,
        PasswordResetGone: 410,
        AddressChangeGone: 410,
        AddressTaken: 409,
        CeremonyRefused: 422,
        ProviderRefused: 422,
        ProviderUnavailable: 503,
        ProviderAlreadyLinked: 409,
        SubjectTaken: 409,
        NotLinked: 409,
        AddressHasAccount: 409,
        AddressNotSure: 403,
        PasskeyAlreadyAdded: 409,
        PasskeysExhausted: 409,
        SecondFactorAlreadyAdded: 409,
        SecondFactorCodeRefused: 422,
        RefreshRaced: 409,
        AccountNotVerified: 409,
        VersionConflict: 409,
    }
)


_UNAUTHENTICATED: dict[type[Exception], str] = {
    SignInRefused: "sign-in-refused",
    RefreshRefused: "refresh-refused",
    AccessCodeRefused: "code-refused",
}


_NOT_HERE: tuple[type[Exception], ...] = (
    SessionUnknown, PasskeyUnknown, SecondFactorUnknown, ProviderUnknown, ProviderNotLinked,
    AccountErased, KeyDestroyed,
)  # fmt: skip


def install_answers(app: Flask) -> None:
    """Answers that REFUSALS cannot give: with a header, or the one 404 that betrays no one."""

    def too_many(refused: TooManyAttempts) -> Response:
        title, after = "Too many attempts", str(refused.retry_after)
        return respond(Problem("too-many-attempts", 429, title, headers={"Retry-After": after}))

    def unauthenticated(refused: Exception) -> Response:
        rule = _UNAUTHENTICATED[type(refused)]
        headers = {"WWW-Authenticate": 'Bearer realm="nexoraz"'}
        return respond(Problem(rule, 401, "These credentials are not accepted", headers=headers))

    def nothing_here(_: Exception) -> Response:
        return respond(not_found())

    app.register_error_handler(TooManyAttempts, too_many)
    for kind in _UNAUTHENTICATED:
        app.register_error_handler(kind, unauthenticated)
    for gone in _NOT_HERE:
        app.register_error_handler(gone, nothing_here)
