"""How often what may be tried (clause U3). Counted in the database, so that the limits hold across replicas."""

from dataclasses import dataclass
from datetime import timedelta

from nexoraz.events.decider import Refused
from nexoraz.identity.application.ports import Rule, Throttle

SIGN_IN_BY_BOTH = Rule("sign-in-account-and-address", 10, timedelta(minutes=15))
"""Few for one address that tries one account, so that a stranger elsewhere does not lock the owner out."""
SIGN_IN_BY_ACCOUNT = Rule("sign-in-account", 100, timedelta(minutes=15))
SIGN_IN_BY_ADDRESS = Rule("sign-in-address", 100, timedelta(minutes=15))
REGISTRATION_BY_ADDRESS = Rule("registration-address", 60, timedelta(hours=1))
VERIFICATION_BY_ADDRESS = Rule("verification-address", 60, timedelta(hours=1))
CODE_BY_CLIENT = Rule("code-client", 30, timedelta(hours=1))
CODE_BY_ADDRESS = Rule("code-address", 3, timedelta(hours=1))
"""Counted for addresses that nobody has, too: who asks too often learns nothing from being refused."""
CODE_USE_BY_CLIENT = Rule("code-use-client", 60, timedelta(minutes=15))
CODE_USE_BY_ADDRESS = Rule("code-use-address", 15, timedelta(minutes=15))
RESET_BY_CLIENT = Rule("reset-client", 30, timedelta(hours=1))
RESET_BY_ADDRESS = Rule("reset-address", 3, timedelta(hours=1))
"""Counted for addresses that nobody has, too."""
RESET_USE_BY_CLIENT = Rule("reset-use-client", 60, timedelta(minutes=15))
PASSWORD_CHANGE_BY_ACCOUNT = Rule("password-change-account", 10, timedelta(minutes=15))
ADDRESS_CHANGE_BY_ACCOUNT = Rule("address-change-account", 5, timedelta(hours=1))
ADDRESS_CHANGE_USE_BY_CLIENT = Rule("address-change-use-client", 60, timedelta(minutes=15))
FACTOR_BY_ACCOUNT = Rule("second-factor-account", 10, timedelta(hours=1))
"""Only who has the password gets this far; six digits are few, so tries are few wherever they come from."""
CHALLENGE_BY_CLIENT = Rule("challenge-client", 120, timedelta(minutes=15))
REFRESH_BY_ADDRESS = Rule("refresh-address", 600, timedelta(minutes=15))


@dataclass
class TooManyAttempts(Refused):
    """Wait so many seconds."""

    retry_after: int


def limit(throttle: Throttle, rule: Rule, subject: str) -> None:
    """Count one attempt; raises TooManyAttempts."""
    wait = throttle.count(rule, subject)
    if wait:
        raise TooManyAttempts(wait)
