"""Bodies and answers."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from nexoraz.privacy.domain.oversight import Purpose
from nexoraz.privacy.domain.vocabulary import (
    Answer,
    ExtensionReason,
    ObjectionPurpose,
    RefusalReason,
    RequestType,
    State,
)
from nexoraz.privacy.domain.words import Author
from nexoraz.service.app import Schema
from nexoraz.service.paging import PageArgs

TYPES = [kind.value for kind in RequestType]
LONGEST_TEXT = 2_000
TEXT = validate.Regexp(r"[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]*\Z", error="Control characters are not accepted.")
CORRECTABLE = ("name", "email", "country", "other")


def _text(**how: Any) -> fields.String:
    """What somebody writes in their own words."""
    return fields.String(validate=[validate.Length(1, LONGEST_TEXT), TEXT], **how)


class NewRequest(Schema):
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    immediate = fields.Boolean(
        load_default=False, metadata={"description": "Erase at once, without the period in which it can be withdrawn"}
    )

    field = fields.String(
        validate=validate.OneOf(CORRECTABLE), metadata={"description": "Of a correction: what is wrong"}
    )
    purpose = fields.String(
        validate=validate.OneOf([purpose.value for purpose in ObjectionPurpose]),
        metadata={"description": "Of an objection: to what"},
    )
    text = _text(
        metadata={
            "description": "Of a correction: what is wrong about it, in your words; sealed",
            "example": "The name is spelled wrong",
        }
    )

    @validates_schema
    def _fits_the_type(self, body: dict[str, Any], **_: Any) -> None:
        wanted = {"correction": {"field", "text"}, "objection": {"purpose"}}.get(body["type"], set())
        given = {name for name in ("field", "purpose", "text") if name in body}
        wrong = {name: ["Missing for this type."] for name in wanted - given}
        wrong |= {name: ["Not of this type."] for name in given - wanted}
        if wrong:
            raise ValidationError(wrong)


class ConcernView(Schema):
    reason = fields.String(required=True, metadata={"example": "billing has not answered for two days"})
    participants = fields.List(fields.String(), required=True)


class ReceiptLineView(Schema):
    category = fields.String(required=True, metadata={"example": "user.financial"})
    store = fields.String(required=True, metadata={"example": "purchases"})
    found = fields.Integer(required=True)
    erased = fields.Integer(required=True)
    retained = fields.Integer(required=True)
    left = fields.Integer(required=True)
    basis = fields.String(
        required=True, metadata={"example": "legal-obligation: accounting records (GDPR Art. 17(3)(b))"}
    )
    until = fields.String(required=True, metadata={"example": "2036-11-22T00:00:00Z"})


class ParticipantView(Schema):
    name = fields.String(required=True, metadata={"example": "billing"})
    answer = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": f"{', '.join(a.value for a in Answer)}; or written, of an export; null while waiting",
            "example": "erased",
        },
    )
    residue = fields.Integer(required=True, allow_none=True, metadata={"description": "What the second look found"})
    records = fields.Integer(required=True, allow_none=True, metadata={"description": "Exported records"})
    lines = fields.List(fields.Nested(ReceiptLineView), required=True)


class CertificateLink(Schema):
    number = fields.Integer(required=True)
    sha256 = fields.String(
        required=True, metadata={"example": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
    )
    href = fields.String(
        required=True, metadata={"example": "/v1/privacy/requests/6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30/certificate"}
    )


class ArchiveLink(Schema):
    size = fields.Integer(required=True, metadata={"description": "Bytes"})
    entries = fields.Integer(required=True)
    expires_at = fields.DateTime(required=True)
    href = fields.String(
        required=True, metadata={"example": "/v1/privacy/requests/6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30/archive"}
    )


class RequestSummary(Schema):
    id = fields.UUID(required=True)
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in State]))
    received_at = fields.DateTime(required=True)
    deadline_at = fields.DateTime(required=True)
    grace_until = fields.DateTime(required=True, allow_none=True)
    started_at = fields.DateTime(required=True, allow_none=True)
    ended_at = fields.DateTime(required=True, allow_none=True)


class OwnAccessView(Schema):
    """A look of an operator, as the person sees it."""

    id = fields.UUID(required=True)
    action = fields.String(required=True, metadata={"example": "see-request"})
    purpose = fields.String(required=True, validate=validate.OneOf([purpose.value for purpose in Purpose]))
    refused = fields.Boolean(required=True, metadata={"description": "Nothing was shown or done"})
    at = fields.DateTime(required=True)


class AccessView(OwnAccessView):
    operator_id = fields.UUID(required=True)
    request_id = fields.String(
        required=True,
        metadata={
            "description": 'A request\'s id; "" for none in particular',
            "example": "6b1f4c1e-7a53-4f0e-9d7e-0a4c5d1e2f30",
        },
    )


class AccessArgs(PageArgs):
    """`?operator=&limit=&cursor=`"""

    operator = fields.UUID(load_default=None)


class WordsView(Schema):
    """What the person or an operator wrote about the request."""

    author = fields.String(required=True, validate=validate.OneOf([author.value for author in Author]))
    about = fields.String(required=True, metadata={"example": "deadline-extended"})
    text = fields.String(required=True, metadata={"example": "Your request was received."})
    at = fields.DateTime(required=True)


class ProgressView(Schema):
    step = fields.String(
        required=True, metadata={"description": "A participant that writes, or archive", "example": "collecting"}
    )
    parts = fields.Integer(required=True, metadata={"description": "Sealed parts that it has stored"})
    bytes = fields.Integer(required=True, metadata={"description": "About so many bytes so far"})


class RequestView(RequestSummary):
    participants = fields.List(fields.Nested(ParticipantView), required=True)
    waiting_for = fields.List(fields.String(), required=True)
    attention = fields.List(fields.Nested(ConcernView), required=True)
    denial = fields.String(
        required=True, allow_none=True, metadata={"example": "The request could not be tied to your account"}
    )
    about = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The field to correct, the purpose objected to",
            "example": "The name is spelled wrong",
        },
    )
    extension = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Why the deadline was extended, once at most",
            "example": "Two services are being restored",
        },
    )
    words = fields.List(fields.Nested(WordsView), required=True)
    certificate = fields.Nested(CertificateLink, required=True, allow_none=True)
    archive = fields.Nested(ArchiveLink, required=True, allow_none=True)
    progress = fields.List(
        fields.Nested(ProgressView), required=True, metadata={"description": "Of a large export while it is written"}
    )
    accesses = fields.List(
        fields.Nested(OwnAccessView),
        required=True,
        metadata={"description": "Every look of an operator at this request"},
    )


class AcceptedRequest(RequestView):
    token = fields.String(
        required=True,
        metadata={
            "description": "Opens this request, also when the account is gone. Shown once",
            "example": "pYc6s0kX2b4mJ8Qh",
        },
    )


class QueueArgs(PageArgs):
    """`?state=&type=&late=&due_within_days=&participant=&limit=&cursor=`"""

    state = fields.String(load_default=None, validate=validate.OneOf([state.value for state in State]))
    type = fields.String(load_default=None, validate=validate.OneOf(TYPES))
    late = fields.Boolean(load_default=False, metadata={"description": "Only active ones past their deadline"})
    due_within_days = fields.Integer(load_default=None, validate=validate.Range(0, 120))
    participant = fields.String(
        load_default=None,
        validate=validate.Length(1, 60),
        metadata={"description": "Only active ones that wait for this participant"},
    )


class QueuedRequest(RequestSummary):
    waiting_for = fields.List(fields.String(), required=True)
    attention = fields.List(fields.Nested(ConcernView), required=True)


class Extension(Schema):
    reason = fields.String(required=True, validate=validate.OneOf([reason.value for reason in ExtensionReason]))
    text = _text(
        required=True,
        metadata={
            "description": "Told to the person, sealed under the person's key",
            "example": "Two services are being restored",
        },
    )


class Denial(Schema):
    reason = fields.String(required=True, validate=validate.OneOf([reason.value for reason in RefusalReason]))
    text = _text(
        required=True,
        metadata={
            "description": "Told to the person, sealed under the person's key",
            "example": "The request could not be tied to your account",
        },
    )


class CorrectionAnswer(Schema):
    text = _text(
        required=True,
        metadata={
            "description": "What was corrected; sealed under the person's key",
            "example": "The name is corrected",
        },
    )


class Retry(Schema):
    participant = fields.String(
        load_default="",
        validate=validate.Length(max=60),
        metadata={"description": "Left out: all that did not settle it", "example": "billing"},
    )


class ParticipantState(Schema):
    name = fields.String(required=True, metadata={"example": "billing"})
    announced_at = fields.DateTime(required=True)
    unanswered = fields.Integer(required=True, metadata={"description": "Active requests that wait for it"})
    since = fields.DateTime(
        required=True, allow_none=True, metadata={"description": "When it was first asked of these"}
    )


class Participants(Schema):
    items = fields.List(fields.Nested(ParticipantState), required=True)


class ClauseView(Schema):
    id = fields.String(required=True, metadata={"example": "R2"})
    says = fields.String(required=True, metadata={"example": "You may have your account and its data deleted"})
    works_when = fields.String(required=True, metadata={"example": "an erasure ends with a signed certificate"})


class PolicyView(Schema):
    version = fields.String(required=True, metadata={"format": "date"})
    text = fields.String(
        required=True, metadata={"description": "Markdown", "example": "We keep what you upload until you delete it."}
    )
    clauses = fields.List(fields.Nested(ClauseView), required=True)


class KeySet(Schema):
    keys = fields.List(fields.Dict(), required=True, metadata={"description": "JWK set (RFC 7517)"})
