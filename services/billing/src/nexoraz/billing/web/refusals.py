"""Which HTTP status each broken rule answers with."""

from nexoraz.billing.application.ports import PaymentRejected, PaymentsUnavailable
from nexoraz.billing.domain.purchase import UnknownPack
from nexoraz.service.problems import Refusals

REFUSALS = Refusals({UnknownPack: 422, PaymentRejected: 402, PaymentsUnavailable: 503})
