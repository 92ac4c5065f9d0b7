"""Retention rules: why something about people is kept, for how long, and what happens then (clause R1).

A rule is data, and so is what it applies to: a holding names its rule (declarations.py), a personal field its own
(`Personal.retention`). What ends by a term is ended by one job for all services (retention.py).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement

End = Literal["account", "term", "work", "never"]
Action = Literal["erase", "pseudonymise"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. purpose, basis and duration are told to people in these words.

    ends: what makes an end of it. "account": the erasure of the account. "term": the retention job, when the term is
    over. "work": the work that the data is for, which removes it itself by the task `by`. "never": kept as a proof.
    after: for fields of events, how long after the event its value goes.
    """

    name: str
    purpose: str
    basis: str
    duration: str
    ends: End
    action: Action = "erase"
    after: timedelta | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """When a row of a table has had its time: `after` its moment `since`.

    since: a moment per row, as SQL over the table's columns (an indexed column where the table is large); a row whose
    moment is unknown (null) stays. where: which rows this concerns; all when it is left out. becomes: what a row's
    columns are set to instead of erasing it. whole_account: the row goes with everything else that the service holds
    of its account, in the steps of an erasure.
    """

    since: ColumnElement[Any]
    after: timedelta = timedelta()
    where: ColumnElement[bool] | None = None
    becomes: Mapping[str, Any] = field(default_factory=dict)
    whole_account: bool = False


class Unruled(LookupError):
    """Something is kept under a rule that nobody declares, or that nothing applies."""

    def __init__(self, store: str, rule: str, why: str) -> None:
        super().__init__(f"{store}: retention rule {rule!r} {why}")
        self.store = store
        self.rule = rule


CONTRACT = "contract with the account's holder (GDPR Art. 6(1)(b))"
SECURITY = "legitimate interest in a service that is safe and reliable (GDPR Art. 6(1)(f))"
PROOF = "legal obligation to show what was done (GDPR Art. 5(2), 17(3)(b))"

ACCOUNT_LIFE = Rule("account-life", "to run the account", CONTRACT, "as long as the account", "account")
ONE_DAY = Rule("one-day", "to answer a repeated call as the first one", CONTRACT, "one day", "term")
TOKEN_REFUSAL = Rule("token-refusal", "to refuse tokens that were taken back", SECURITY, "one day", "term")
REQUEST_COUNTS = Rule(
    "request-counts", "to limit how much may be asked", SECURITY, "until the window ends, at most an hour", "term"
)
VERIFICATION_KEYS = Rule(
    "verification-keys", "to check tokens", SECURITY, "one day longer than a token of the key may live", "term"
)
UNTIL_DONE = Rule("until-done", "work that waits or failed", CONTRACT, "until it is done or given up", "account")
UNDECIDED_DAYS = 90
UNDECIDED = Rule(
    "undecided",
    "a message that could not be handled, kept for an operator to decide",
    CONTRACT,
    f"{UNDECIDED_DAYS} days, then without its body",
    "term",
    "pseudonymise",
)
PROOF_RECORD = Rule(
    "proof", "to keep the erased erased, and to show what was done", PROOF, "as long as the service exists", "never"
)
LEGAL_HOLD = Rule(
    "legal-hold", "a record that an authority or a claim asks for", "as the hold says", "until the hold ends", "work",
    by="release-hold",
)  # fmt: skip
KERNEL_RULES = (
    ACCOUNT_LIFE, ONE_DAY, TOKEN_REFUSAL, REQUEST_COUNTS, VERIFICATION_KEYS, UNTIL_DONE, UNDECIDED, PROOF_RECORD,
    LEGAL_HOLD,
)  # fmt: skip


def by_name(rules: Iterable[Rule]) -> dict[str, Rule]:
    """The rules by their names. Raises ValueError for a name that two rules have."""
    found: dict[str, Rule] = {}
    for rule in rules:
        if found.setdefault(rule.name, rule) != rule:
            raise ValueError(f"two retention rules are called {rule.name}")
    return found
