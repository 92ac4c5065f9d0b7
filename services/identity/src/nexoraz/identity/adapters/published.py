"""What identity tells the other services. At most one published fact per event; ids and references only."""

from datetime import datetime

from nexoraz.events.classification import Fact, Id
from nexoraz.events.contracts import Contract
from nexoraz.events.event import Event, Recorded
from nexoraz.events.protocol_contracts import contracts_of
from nexoraz.identity.domain import account, policy_mail, session, signing_key


class Published(Contract, frozen=True):
    """A contract of identity."""

    service = "identity"


class SigningKeyPublished(Published, frozen=True):
    """Accept access tokens of this key until `not_after`. `public_jwk`: RFC 8037, as JSON text."""

    key_field = "kid"
    kid: Id
    public_jwk: Fact[str]
    not_after: Fact[datetime]


class AccountRegistered(Published, frozen=True):
    """Someone opened an account; its address is not verified yet."""

    account_id: Id
    registered_at: Fact[datetime]


class AccountVerified(Published, frozen=True):
    """The account may be used. `region`: where its data lives, "eu", "us" or "other"."""

    account_id: Id
    region: Fact[str]


class SessionRevoked(Published, frozen=True):
    """Refuse the tokens of this session from now on."""

    account_id: Id
    session_id: Id


class PolicyChangeMailed(Published, frozen=True):
    """The account was told of that version of the policy by mail."""

    account_id: Id
    policy_version: Fact[str]
    told_at: Fact[datetime]


CONTRACTS: list[type[Contract]] = [
    SigningKeyPublished,
    AccountRegistered,
    AccountVerified,
    SessionRevoked,
    PolicyChangeMailed,
    *contracts_of("identity"),
]


def translate(event: Event, _: Recorded) -> Contract | None:
    """The contract of a private event, or None when it stays private."""
    match event:
        case signing_key.SigningKeyPublished(kid, public_jwk, _, not_after):
            return SigningKeyPublished(kid, public_jwk, not_after)
        case account.AccountRegistered(account_id=account_id, registered_at=registered_at):
            return AccountRegistered(account_id, registered_at)
        case account.AccountVerified(account_id=account_id, region=region):
            return AccountVerified(account_id, region)
        case session.SessionRevoked(session_id, account_id):
            return SessionRevoked(account_id, session_id)
        case policy_mail.PolicyChangeMailed(account_id, version, told_at):
            return PolicyChangeMailed(account_id, version, told_at)
        case _:
            return None
