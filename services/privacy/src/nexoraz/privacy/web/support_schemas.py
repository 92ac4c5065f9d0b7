"""Bodies and answers of support."""

from marshmallow import fields, validate

from nexoraz.privacy.domain.referral import About, Source
from nexoraz.privacy.web.schemas import LONGEST_TEXT, TEXT
from nexoraz.service.app import Schema

ABOUT = [about.value for about in About]


class Message(Schema):
    email = fields.Email(required=True, validate=validate.Length(max=254), metadata={"example": "ann@example.org"})
    about = fields.String(required=True, validate=validate.OneOf(ABOUT), metadata={"example": "question"})
    text = fields.String(required=True, validate=[validate.Length(1, LONGEST_TEXT), TEXT])


class Reply(Schema):
    text = fields.String(required=True, validate=[validate.Length(1, LONGEST_TEXT), TEXT])


class SupportTicket(Schema):
    id = fields.UUID(required=True, metadata={"description": "Names it from now on"})


class MessageView(Schema):
    id = fields.UUID(required=True)
    source = fields.String(required=True, validate=validate.OneOf([source.value for source in Source]))
    sender = fields.String(
        required=True, metadata={"description": 'The agent or controller; "" for a person', "example": ""}
    )
    foreign_id = fields.String(required=True, metadata={"example": "DSR-2026-0042"})
    about = fields.String(required=True, validate=validate.OneOf(ABOUT))
    received_at = fields.DateTime(required=True)
    due_at = fields.DateTime(required=True)
    email = fields.String(required=True, metadata={"example": "ada@example.org"})
    text = fields.String(required=True, metadata={"example": "How do I download my photos?"})
