"""That an account was told of a change of the policy, in its own history."""

from datetime import datetime

from nexoraz.events.classification import Fact, Id
from nexoraz.events.event import Event


class PolicyChangeMailed(Event, frozen=True):
    """The mail system took the mail about that version of the policy."""

    account_id: Id
    policy_version: Fact[str]
    told_at: Fact[datetime]
