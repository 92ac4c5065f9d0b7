"""The shapes of passkeys. What a browser adds to its responses by itself is let through and not looked at."""

from typing import Any

from marshmallow import EXCLUDE, fields, validate

from nexoraz.identity.web.schemas import TEXT
from nexoraz.service.app import Schema

LONG = validate.Length(1, 16_384)


def _encoded(what: str, required: bool = True) -> fields.String:
    return fields.String(
        required=required, validate=LONG, metadata={"description": f"{what}, base64url", "example": "AAAA"}
    )


class _FromBrowser(Schema):
    class Meta:
        unknown = EXCLUDE


class Attestation(_FromBrowser):
    clientDataJSON = _encoded("what was asked, as the browser saw it")
    attestationObject = _encoded("the new public key")


class Assertion(_FromBrowser):
    clientDataJSON = _encoded("what was asked, as the browser saw it")
    authenticatorData = _encoded("what the authenticator says of itself")
    signature = _encoded("over both")
    userHandle = _encoded("the account that the passkey was made for")


class _Credential(_FromBrowser):
    id = _encoded("the id that the authenticator chose")
    rawId = _encoded("the same")
    type = fields.String(required=True, validate=validate.Equal("public-key"), metadata={"example": "public-key"})


class RegisteredCredential(_Credential):
    response = fields.Nested(Attestation, required=True)


class PresentedCredential(_Credential):
    response = fields.Nested(Assertion, required=True)


class NewPasskey(Schema):
    name = fields.String(required=True, validate=[validate.Length(1, 60), TEXT], metadata={"example": "My phone"})
    credential = fields.Nested(RegisteredCredential, required=True)


class PasskeySignIn(Schema):
    credential = fields.Nested(PresentedCredential, required=True)


class Passkey(Schema):
    id = fields.UUID(required=True, attribute="passkey_id")
    name = fields.String(required=True, metadata={"example": "My phone"})
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)


class PasskeyList(Schema):
    items = fields.List(fields.Nested(Passkey), required=True)


class Options(Schema):
    """The `publicKey` member for navigator.credentials (WebAuthn Level 3, the JSON form)."""

    publicKey: Any = fields.Dict(
        keys=fields.String(), required=True, metadata={"example": {"challenge": "AAAA", "rpId": "nexoraz.example"}}
    )
