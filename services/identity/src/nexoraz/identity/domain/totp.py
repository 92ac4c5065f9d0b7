"""One-time passwords by time: RFC 6238 over RFC 4226, with SHA-1, six digits and steps of 30 seconds, as every
authenticator application has them."""

import hashlib
import hmac
import struct
from datetime import datetime

STEP = 30
"""Seconds."""
DIGITS = 6
DRIFT = 1
"""Steps that a clock may be early or late (RFC 6238, section 5.2)."""


def step_at(now: datetime) -> int:
    """The steps since 1970."""
    return int(now.timestamp()) // STEP


def code_of(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """The code of one step (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), hashlib.sha1)
    offset = mac[-1] & 0x0F
    [number] = struct.unpack(">I", mac[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 10**digits:0{digits}}"


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The newest step around now that has this code, or None. Looks at all of them, whichever it is."""
    steps = [step_at(now) + late for late in range(-DRIFT, DRIFT + 1)]
    right = [step for step in steps if hmac.compare_digest(code_of(secret, step).encode(), code.encode())]
    return right[-1] if right else None
