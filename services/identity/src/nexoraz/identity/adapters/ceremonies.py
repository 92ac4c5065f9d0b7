"""WebAuthn by py_webauthn. Pure computation: nothing is asked of anybody."""

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from nexoraz.identity.application.ports import CeremonyRefused, Json, NewCredential

_SELECTION = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
)
_MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, IndexError)
"""What the library raises for responses that nobody's browser made."""


class WebauthnCeremonies:
    """See ports.Ceremonies. public_url: its origin is the only one that is accepted, its host the relying party."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._rp_id = parts.hostname or "localhost"

    def to_register(self, account_id: str, label: str, challenge: str, known: Sequence[str]) -> Json:
        options = webauthn.generate_registration_options(
            rp_id=self._rp_id,
            rp_name="Nexoraz",
            user_id=account_id.encode(),
            user_name=label,
            challenge=base64url_to_bytes(challenge),
            authenticator_selection=_SELECTION,
            exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(each)) for each in known],
        )
        shown: Json = json.loads(webauthn.options_to_json(options))
        return shown

    def to_sign_in(self, challenge: str) -> Json:
        options = webauthn.generate_authentication_options(
            rp_id=self._rp_id,
            challenge=base64url_to_bytes(challenge),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        shown: Json = json.loads(webauthn.options_to_json(options))
        return shown

    def registered(self, response: Json, challenge: str) -> NewCredential:
        try:
            made = webauthn.verify_registration_response(
                credential=response,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except _MALFORMED as refused:
            raise CeremonyRefused from refused
        key = bytes_to_base64url(made.credential_public_key)
        return NewCredential(bytes_to_base64url(made.credential_id), key, made.sign_count)

    def signed_in(self, response: Json, challenge: str, public_key: str, sign_count: int) -> int:
        try:
            verified = webauthn.verify_authentication_response(
                credential=response,
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=self._rp_id,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(public_key),
                credential_current_sign_count=sign_count,
                require_user_verification=True,
            )
        except _MALFORMED as refused:
            raise CeremonyRefused from refused
        return verified.new_sign_count
