"""Bodies and answers."""

from marshmallow import fields, validate

from nexoraz.privacy.domain.oversight import Purpose
from nexoraz.privacy.domain.vocabulary import Answer, RequestType, State
from nexoraz.service.app import Schema
from nexoraz.service.paging import PageArgs

TYPES = [kind.value for kind in RequestType]


class NewRequest(Schema):
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    immediate = fields.Boolean(
        load_default=False, metadata={"description": "Erase at once, without the period in which it can be withdrawn"}
    )


class ConcernView(Schema):
    reason = fields.String(required=True)
    participants = fields.List(fields.String(), required=True)


class ReceiptLineView(Schema):
    category = fields.String(required=True)
    store = fields.String(required=True)
    found = fields.Integer(required=True)
    erased = fields.Integer(required=True)
    retained = fields.Integer(required=True)
    left = fields.Integer(required=True)
    basis = fields.String(required=True)
    until = fields.String(required=True)


class ParticipantView(Schema):
    name = fields.String(required=True)
    answer = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": f"{', '.join(a.value for a in Answer)}; or written, of an export; null while waiting"},
    )
    residue = fields.Integer(required=True, allow_none=True, metadata={"description": "What the second look found"})
    records = fields.Integer(required=True, allow_none=True, metadata={"description": "Exported records"})
    lines = fields.List(fields.Nested(ReceiptLineView), required=True)


class CertificateLink(Schema):
    number = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    href = fields.String(required=True)


class ArchiveLink(Schema):
    size = fields.Integer(required=True, metadata={"description": "Bytes"})
    entries = fields.Integer(required=True)
    expires_at = fields.DateTime(required=True)
    href = fields.String(required=True)


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
    request_id = fields.String(required=True, metadata={"description": 'A request\'s id; "" for none in particular'})


class AccessArgs(PageArgs):
    """`?operator=&limit=&cursor=`"""

    operator = fields.UUID(load_default=None)


class RequestView(RequestSummary):
    participants = fields.List(fields.Nested(ParticipantView), required=True)
    waiting_for = fields.List(fields.String(), required=True)
    attention = fields.List(fields.Nested(ConcernView), required=True)
    denial = fields.String(required=True, allow_none=True)
    certificate = fields.Nested(CertificateLink, required=True, allow_none=True)
    archive = fields.Nested(ArchiveLink, required=True, allow_none=True)
    accesses = fields.List(
        fields.Nested(OwnAccessView),
        required=True,
        metadata={"description": "Every look of an operator at this request"},
    )


class AcceptedRequest(RequestView):
    token = fields.String(
        required=True,
        metadata={"description": "Opens this request, also when the account is gone. Shown once"},
    )


class ClauseView(Schema):
    id = fields.String(required=True)
    says = fields.String(required=True)
    works_when = fields.String(required=True)


class PolicyView(Schema):
    version = fields.String(required=True, metadata={"format": "date"})
    text = fields.String(required=True, metadata={"description": "Markdown"})
    clauses = fields.List(fields.Nested(ClauseView), required=True)


class KeySet(Schema):
    keys = fields.List(fields.Dict(), required=True, metadata={"description": "JWK set (RFC 7517)"})
