"""Who processes personal data for us, where, and what safeguards it there (clauses X1, X2; GDPR Art. 28, 30, 44-49).

Only companies that the software really gives data to are listed. What is rented to run it on (machines, buckets, the
mail relay) is chosen by who deploys it, so those rows say what must hold of the choice instead of a name.
"""

from dataclasses import dataclass
from enum import StrEnum


class Safeguard(StrEnum):
    """What makes a transfer lawful (GDPR Chapter V)."""

    NO_TRANSFER = "no-transfer"
    ADEQUACY = "adequacy-decision"
    STANDARD_CLAUSES = "standard-contractual-clauses"


@dataclass(frozen=True, slots=True)
class Processor:
    """services: which of ours give it data. categories: fideslang. countries: ISO 3166-1. terms: its policy, "" when
    the deployment names it."""

    id: str
    name: str
    does: str
    services: tuple[str, ...]
    categories: tuple[str, ...]
    countries: tuple[str, ...]
    safeguards: tuple[Safeguard, ...]
    basis: str
    terms: str


PROCESSORS = (
    Processor(
        "stripe",
        "Stripe Payments Europe, Limited",
        "Takes payments; sees the card, which we never do",
        ("billing",),
        ("user.payment", "user.unique_id.pseudonymous"),
        ("IE", "US"),
        (Safeguard.ADEQUACY, Safeguard.STANDARD_CLAUSES),
        "EU-US Data Privacy Framework, Decision (EU) 2023/1795; clauses of Decision (EU) 2021/914 besides",
        "https://stripe.com/privacy",
    ),
    Processor(
        "mail-relay",
        "The mail relay of the deployment",
        "Delivers our mail",
        ("identity",),
        ("user.contact.email",),
        (),
        (Safeguard.NO_TRANSFER,),
        "A relay in the region of the account; another one only with a row of its own here",
        "",
    ),
    Processor(
        "hosting",
        "The hosting of the deployment",
        "Runs the machines, databases and buckets; what lies in them is sealed under keys that it does not hold",
        ("identity", "assets", "render", "billing", "privacy"),
        ("user",),
        (),
        (Safeguard.NO_TRANSFER,),
        "In the region of the account; another one only with a row of its own here",
        "",
    ),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A place of somebody else that our documents lead to. Nothing is loaded from it; it is only linked."""

    href: str
    whose: str
    policy: str


LINKS = (
    Link("https://stripe.com/privacy", "Stripe", "https://stripe.com/privacy"),
    Link("https://globalprivacycontrol.org", "Global Privacy Control", "https://globalprivacycontrol.org"),
    Link("https://w3id.org/dpv", "W3C Data Privacy Vocabulary", "https://www.w3.org/policies/privacy/"),
    Link(
        "https://www.edpb.europa.eu/about-edpb/about-edpb/members_en",
        "European Data Protection Board: the supervisory authorities",
        "https://www.edpb.europa.eu/concernant-le-cepd/legal-notice_en",
    ),
)
