"""The shapes of bodies and answers about how one signs in."""

from marshmallow import fields, validate

from nexoraz.service.app import Schema

EMAIL, SECRET = "ann@example.org", "correct horse battery"
TOKEN = "0d4f2a4e-6c1b-4d8e-9a55-000000000001.0d4f2a4e-6c1b-4d8e-9a55-00000000000a." + 43 * "x"


class ResetAsked(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254), metadata={"example": EMAIL})


class Received(Schema):
    """The same answer for every address."""

    status = fields.Constant("received", required=True)


class NewPassword(Schema):
    token = fields.String(required=True, validate=validate.Length(1, 400), load_only=True, metadata={"example": TOKEN})
    password = fields.String(
        required=True, validate=validate.Length(10, 256), load_only=True, metadata={"example": SECRET}
    )


class PasswordChange(Schema):
    current_password = fields.String(
        required=True, validate=validate.Length(1, 256), load_only=True, metadata={"example": SECRET}
    )
    password = fields.String(
        required=True, validate=validate.Length(10, 256), load_only=True, metadata={"example": SECRET + "!"}
    )


class NewAddress(Schema):
    email = fields.String(required=True, validate=validate.Length(3, 254), metadata={"example": EMAIL})


class AddressConfirmation(Schema):
    token = fields.String(required=True, validate=validate.Length(1, 400), load_only=True, metadata={"example": TOKEN})


class AddressConfirmed(Schema):
    status = fields.String(
        required=True, validate=validate.OneOf(["waiting", "changed"]), metadata={"example": "waiting"}
    )
