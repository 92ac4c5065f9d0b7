"""The capability of one request: whoever bears it may follow that request, also when the account is gone."""

import secrets

from nexoraz.privacy.application.ports import KeyedHash

PREFIX = "nxr_"
PURPOSE = "request-token"


def new_token() -> str:
    """256 random bits, readable as a token of a request."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(hashes: KeyedHash, token: str) -> str:
    """What is stored of a token."""
    return hashes.keyed_hash(PURPOSE, token)
