"""Consent records and receipts: ISO/IEC TS 27560:2023, written as JSON-LD in the words of W3C's DPV."""

from typing import Any

from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.consent import ConsentDecided, ConsentPurpose, Decision, IndicatedBy

CONTEXT: Json = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "pd": "https://w3id.org/dpv/pd#",
}
SCHEMA = "https://w3id.org/dpv/schema/dpv-27560"
CONTROLLER = "Nexoraz"
JURISDICTION = "https://w3id.org/dpv/legal/eu#EU"
STATUS = {
    Decision.GIVEN: "dpv:ConsentGiven",
    Decision.REFUSED: "dpv:ConsentRefused",
    Decision.WITHDRAWN: "dpv:ConsentWithdrawn",
}
INDICATED_BY = {
    IndicatedBy.CHOICE: "the person's own choice",
    IndicatedBy.GLOBAL_PRIVACY_CONTROL: "Global Privacy Control (Sec-GPC: 1)",
}
PROCESSES: dict[ConsentPurpose, Json] = {
    ConsentPurpose.ANALYTICS: {
        "dpv:hasPurpose": "dpv:ServiceUsageAnalytics",
        "dct:description": "Counting which features are used, in totals that name nobody",
        "dpv:hasPersonalData": ["pd:ServiceConsumptionBehavior"],
        "dpv:hasRecipient": CONTROLLER,
        "dpv:hasStorageCondition": "30 days; after that in totals only",
    },
    ConsentPurpose.MARKETING: {
        "dpv:hasPurpose": "dpv:DirectMarketing",
        "dct:description": "News of the service by mail, until you stop it",
        "dpv:hasPersonalData": ["pd:EmailAddress"],
        "dpv:hasRecipient": CONTROLLER,
        "dpv:hasStorageCondition": "until consent is withdrawn or the account is erased",
    },
}
"""What each purpose means, as the record says it."""


def receipt(decided: ConsentDecided, issuer: str) -> Json:
    """The receipt of one decision: the record of it, with who says so and when. The same for ever."""
    return {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{decided.receipt_id}#receipt",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": f"{SCHEMA}#receipt",
        "dct:created": stamp(decided),
        "dct:identifier": decided.receipt_id,
        "dct:publisher": {"@id": issuer, "dct:title": CONTROLLER},
        "dpv:hasRecordOfActivity": record(decided, issuer),
    }


def record(decided: ConsentDecided, issuer: str) -> Json:
    """The consent record (ISO/IEC TS 27560, 6.3): who, towards whom, about what, and what was said when."""
    return {
        "@id": f"urn:uuid:{decided.receipt_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": f"{SCHEMA}#record",
        "dct:identifier": decided.receipt_id,
        "dpv:hasDataSubject": {"@id": f"urn:uuid:{decided.account_id}", "@type": "dpv:DataSubject"},
        "dpv:hasDataController": {"@id": issuer, "dct:title": CONTROLLER},
        "dpv:hasJurisdiction": {"@id": JURISDICTION},
        "dpv:hasNotice": {
            "@id": f"{issuer}/v1/privacy/policy/versions/{decided.policy_version}",
            "@type": "dpv:PrivacyNotice",
            "dct:hasVersion": decided.policy_version,
        },
        "dpv:hasProcess": [
            {"@type": "dpv:Process", "dpv:hasLegalBasis": "eu-gdpr:A6-1-a", **PROCESSES[decided.purpose]}
        ],
        "dpv:hasConsentStatus": [_status(decided)],
    }


def _status(decided: ConsentDecided) -> dict[str, Any]:
    return {
        "@type": STATUS[decided.decision],
        "dpv:isIndicatedBy": INDICATED_BY[decided.indicated_by],
        "dpv:isIndicatedAtTime": stamp(decided),
    }


def stamp(decided: ConsentDecided) -> str:
    """ISO 8601 in UTC."""
    return decided.at.isoformat(timespec="seconds").replace("+00:00", "Z")
