"""Answers about processors, links and the record of processing."""

from marshmallow import fields

from nexoraz.service.app import Schema


def _texts(**how: str) -> fields.List[str]:
    return fields.List(fields.String(), required=True, metadata=how)


class ProcessorView(Schema):
    id = fields.String(required=True, metadata={"example": "stripe"})
    name = fields.String(required=True, metadata={"example": "Payment company"})
    does = fields.String(required=True, metadata={"example": "takes payments"})
    services = _texts(description="Which of our services give it data")
    categories = _texts(description="fideslang")
    countries = _texts(description="ISO 3166-1; none when the deployment decides")
    safeguards = _texts(description="GDPR Chapter V")
    basis = fields.String(required=True, metadata={"example": "contract"})
    terms = fields.String(
        required=True,
        metadata={
            "description": 'Its own policy; "" when the deployment names it',
            "example": "https://example.org/dpa",
        },
    )


class LinkView(Schema):
    href = fields.String(required=True, metadata={"example": "https://example.org"})
    whose = fields.String(required=True, metadata={"example": "Payment company"})
    policy = fields.String(required=True, metadata={"example": "https://example.org/privacy"})


class Register(Schema):
    processors = fields.List(fields.Nested(ProcessorView), required=True)
    links = fields.List(fields.Nested(LinkView), required=True)


class ControllerView(Schema):
    name = fields.String(required=True, metadata={"example": "Nexoraz"})
    contact = fields.String(required=True, metadata={"example": "privacy@example.org"})


class ActivityView(Schema):
    service = fields.String(required=True, metadata={"example": "render"})
    purpose = fields.String(required=True, metadata={"example": "render"})
    categories = _texts()
    retention = _texts(description="Names of retention rules")
    stores = _texts(description="Tables, events, kinds of objects")
    recipients = _texts(description="Ids of processors")
    countries = _texts()


class ProcessingRecord(Schema):
    controller = fields.Nested(ControllerView, required=True)
    data_subjects = fields.String(required=True, metadata={"example": "people with an account"})
    measures = fields.String(required=True, metadata={"example": "encryption under keys of each account"})
    activities = fields.List(fields.Nested(ActivityView), required=True)
    processors = fields.List(fields.Nested(ProcessorView), required=True)


class RequestTotalView(Schema):
    year = fields.Integer(required=True)
    type = fields.String(required=True, metadata={"example": "erasure"})
    state = fields.String(required=True, metadata={"example": "completed"})
    requests = fields.Integer(required=True)
    median_days = fields.Float(required=True, allow_none=True)


class Statistics(Schema):
    items = fields.List(fields.Nested(RequestTotalView), required=True)
