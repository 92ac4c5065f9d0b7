"""Operators look at people's requests, and every look is a fact that the person can see (clause S1).

What an operator types is not kept here: a purpose is one word of a closed list, so no name of anybody can slip into a
record that outlives the person.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from nexoraz.events.classification import PSEUDONYM, Fact, Id
from nexoraz.events.event import Event

Ids = Annotated[tuple[str, ...], PSEUDONYM]


class Purpose(StrEnum):
    """Why an operator looks."""

    REQUEST_HANDLING = "request-handling"
    DEADLINE_CONTROL = "deadline-control"
    COMPLAINT = "complaint"
    LEGAL_CLAIM = "legal-claim"
    AUTHORITY_INQUIRY = "authority-inquiry"
    SECURITY_INCIDENT = "security-incident"
    AUDIT = "audit"


class OperatorAccess(Event, frozen=True):
    """An operator saw or did something. action: the name of the operation. requests and accounts: whom it concerned.

    refused: nothing was shown or done, because a rule of ours forbade it.
    """

    access_id: Id
    operator_id: Id
    action: Fact[str]
    purpose: Fact[Purpose]
    requests: Ids
    accounts: Ids
    refused: Fact[bool]
    at: Fact[datetime]
