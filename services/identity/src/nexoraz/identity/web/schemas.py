"""The shapes of bodies and answers."""

from marshmallow import fields, validate

from nexoraz.service.app import Schema

FIREFOX = "Firefox 128 on Linux"
TEXT = validate.Regexp(r"[^\x00-\x1f\x7f\ud800-\udfff]*\Z", error="Control characters are not accepted.")


class NewAccount(Schema):
    email = fields.String(
        required=True, validate=[validate.Length(3, 254), TEXT], metadata={"example": "ada@example.org"}
    )
    password = fields.String(
        required=True,
        validate=validate.Length(10, 256),
        load_only=True,
        metadata={"example": "correct horse battery staple"},
    )
    name = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 120), TEXT],
        metadata={"example": "Ada Example"},
    )
    country = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Z]{2}\Z", error="An ISO 3166-1 alpha-2 code, such as DE."),
        metadata={"description": "ISO 3166-1 alpha-2", "example": "DE"},
    )
    birth_date = fields.Date(
        required=True,
        metadata={"description": "compared with the age of digital consent in the country, and never kept"},
    )


class RegistrationReceived(Schema):
    """The same answer for every address."""

    status = fields.Constant("received", required=True)


class VerificationAsked(Schema):
    token = fields.String(
        required=True, validate=validate.Length(1, 400), load_only=True, metadata={"example": "pYc6s0kX2b4mJ8Qh"}
    )


class SendAgainAsked(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254), metadata={"example": "ann@example.org"})
    password = fields.String(
        required=True, validate=validate.Length(10, 256), load_only=True, metadata={"example": "correct horse battery"}
    )


class Verified(Schema):
    status = fields.Constant("verified", required=True)


class Credentials(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254), metadata={"example": "ada@example.org"})
    password = fields.String(
        required=True,
        validate=validate.Length(1, 256),
        load_only=True,
        metadata={"example": "correct horse battery staple"},
    )
    code = fields.String(
        load_default="",
        validate=validate.Regexp(r"[0-9A-Za-z -]{0,20}\Z", error="A code is digits, or a recovery code."),
        load_only=True,
        metadata={
            "description": "of the second factor, or a recovery code; needed where the account has one, and no answer "
            "says whether it has",
            "example": "287082",
        },
    )


class SignedIn(Schema):
    account_id = fields.UUID(required=True)
    session_id = fields.UUID(required=True)
    access_token = fields.String(required=True, metadata={"example": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI2YjFmIn0.c2ln"})
    token_type = fields.Constant("Bearer", required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})
    refresh_token = fields.String(required=True, metadata={"example": "7Qm0l0Uo3yqQ1vJkq6m0cZ2n"})
    refresh_expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


class CodeAsked(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254), metadata={"example": "ada@example.org"})


class CodeReceived(Schema):
    """The same answer for every address."""

    status = fields.Constant("received", required=True)


class CodePresented(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254), metadata={"example": "ada@example.org"})
    code = fields.String(
        required=True,
        validate=validate.Regexp(r"[0-9]{8}\Z", error="Eight digits."),
        load_only=True,
        metadata={"example": "40718266"},
    )


class NarrowToken(Schema):
    access_token = fields.String(
        required=True, metadata={"example": "eyJhbGciOiJFZERTQSJ9.eyJzY29wZSI6InJlcXVlc3RzIn0.c2ln"}
    )
    token_type = fields.Constant("Bearer", required=True)
    scope = fields.String(
        required=True, metadata={"description": "Only the routes of privacy requests accept it", "example": "requests"}
    )
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


class Refreshing(Schema):
    """Without a token in the body, the refresh cookie is taken."""

    refresh_token = fields.String(
        load_default=None, validate=validate.Length(1, 400), metadata={"example": "7Qm0l0Uo3yqQ1vJkq6m0cZ2n"}
    )


class Session(Schema):
    id = fields.UUID(required=True)
    device = fields.String(required=True, metadata={"description": "browser and system by family", "example": FIREFOX})
    network = fields.String(
        required=True, allow_none=True, metadata={"description": "the address, cut", "example": "198.51.100.0/24"}
    )
    country = fields.String(
        required=True, allow_none=True, metadata={"description": "approximately: of the network", "example": "DE"}
    )
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True)
    current = fields.Boolean(required=True, metadata={"description": "the session of this request"})


class Profile(Schema):
    id = fields.UUID(required=True)
    email = fields.String(required=True, metadata={"example": "ada@example.org"})
    name = fields.String(required=True, allow_none=True, metadata={"example": "Ada Example"})
    country = fields.String(required=True, metadata={"example": "DE"})
    registered_at = fields.AwareDateTime(required=True)
    plan = fields.String(required=True, metadata={"description": "as billing last told", "example": "basic"})
    credits = fields.Integer(required=True, metadata={"description": "credits free to use", "example": 40})


class ProfileChange(Schema):
    name = fields.String(
        required=True, allow_none=True, validate=[validate.Length(1, 120), TEXT], metadata={"example": "Ada Example"}
    )


class Change(Schema):
    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    change = fields.String(required=True, metadata={"description": "what was done", "example": "renamed"})
    values = fields.Dict(
        keys=fields.String(),
        values=fields.String(allow_none=True),
        required=True,
        metadata={"description": "what the fields became", "example": {"name": "Ann"}},
    )


class Key(Schema):
    """RFC 8037"""

    class Meta:
        unknown = "include"

    kid = fields.String(required=True, metadata={"example": "2026-11-a"})
    kty = fields.String(required=True, metadata={"example": "OKP"})
    crv = fields.String(required=True, metadata={"example": "Ed25519"})
    x = fields.String(required=True, metadata={"example": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    alg = fields.String(metadata={"example": "EdDSA"})
    use = fields.String(metadata={"example": "sig"})


class KeySet(Schema):
    """RFC 7517"""

    keys = fields.List(fields.Nested(Key), required=True)
