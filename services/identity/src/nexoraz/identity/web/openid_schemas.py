"""The shapes of signing in by a provider."""

from marshmallow import fields, validate

from nexoraz.identity.web.schemas import TEXT
from nexoraz.service.app import Schema

PROVIDER = {"example": "example-id"}


def _word(longest: int, example: str) -> fields.String:
    return fields.String(required=True, validate=[validate.Length(1, longest), TEXT], metadata={"example": example})


class ProviderList(Schema):
    items = fields.List(fields.String(metadata=PROVIDER), required=True)


class Begun(Schema):
    authorization_url = fields.String(
        required=True,
        metadata={
            "description": "where the person is sent",
            "example": "https://id.example/authorize",
        },
    )
    handle = fields.String(
        required=True,
        metadata={"description": "kept by the client, told to nobody", "example": "kept-since-the-beginning"},
    )
    expires_in = fields.Integer(required=True, metadata={"description": "seconds"})


class ProviderAnswer(Schema):
    handle = _word(200, "kept-since-the-beginning")
    code = _word(2_000, "as-it-came-with-the-browser")
    state = _word(200, "as-it-came-with-the-browser")


class Opening(Schema):
    country = fields.String(
        required=True, validate=validate.Regexp(r"[A-Z]{2}\Z", error="An ISO 3166-1 code."), metadata={"example": "DE"}
    )
    birth_date = fields.Date(
        required=True, metadata={"description": "compared with the age of digital consent, never kept"}
    )
    name = fields.String(load_default=None, allow_none=True, validate=[validate.Length(1, 120), TEXT])


class ProviderSignIn(ProviderAnswer):
    provider = _word(60, "example-id")
    opening = fields.Nested(
        Opening,
        load_default=None,
        allow_none=True,
        metadata={"description": "agrees to open an account if the person has none"},
    )
