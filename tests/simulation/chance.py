"""Where everything comes from that would differ between two runs: one seeded generator, and one clock.

`held` puts both in the place of the operating system's for as long as a run lasts. What OpenSSL draws by itself
(key pairs, the ephemeral key of HPKE) is made here from the generator's bytes instead.
"""

import base64
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import OKPKey

from nexoraz.events import export_parts
from nexoraz.privacy.adapters import export_keys
from tests.simulation.dialect import moment


class Clock:
    """Microseconds since 1970, which only the simulation moves."""

    def __init__(self, at: int) -> None:
        self.at = at

    def micros(self) -> int:
        return self.at

    def now(self) -> datetime:
        return moment(self.at)

    def seconds(self) -> float:
        return self.at / 1_000_000

    def advance(self, seconds: float) -> None:
        self.at += int(seconds * 1_000_000)


class Impatient:
    """The module `time` for code that waits in a loop: each look takes a second, and sleeping takes no time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        self._clock.advance(1.0)
        return self._clock.seconds()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)


class Suite:
    """HPKE's place-holder: the same steps (X25519, HKDF, AES-256-GCM), with a key pair from the generator."""

    def encrypt(self, plain: bytes, recipient: X25519PublicKey, info: bytes) -> bytes:
        pair = X25519PrivateKey.from_private_bytes(os.urandom(32))
        public = pair.public_key().public_bytes_raw()
        return public + AESGCM(_derived(pair.exchange(recipient), info)).encrypt(bytes(12), plain, info)

    def decrypt(self, sealed: bytes, private: X25519PrivateKey, info: bytes) -> bytes:
        shared = private.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
        return AESGCM(_derived(shared, info)).decrypt(bytes(12), sealed[32:], info)


def _derived(shared: bytes, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 32, None, info).derive(shared)


def new_export_key() -> tuple[bytes, str]:
    private = os.urandom(32)
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return private, base64.b64encode(public).decode()


def generate_key(crv: str, *_: object, **__: object) -> OKPKey:
    """An Ed25519 key of the generator's bytes."""
    private = os.urandom(32)
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": crv, "d": _text(private), "x": _text(public)})


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@contextmanager
def held(source: random.Random, clock: Clock) -> Iterator[None]:
    """Nothing is left to chance, or to real time, inside of the block."""
    before = random.getstate()
    random.seed(source.getrandbits(64))
    with ExitStack() as stack:
        replaced: list[tuple[Any, str, Any]] = [
            (os, "urandom", source.randbytes),
            (random, "_urandom", source.randbytes),
            (time, "time", clock.seconds),
            (time, "monotonic", clock.seconds),
            (export_parts, "SUITE", Suite()),
            (export_keys, "new_export_key", new_export_key),
            (OKPKey, "generate_key", staticmethod(generate_key)),
        ]
        for owner, name, value in replaced:
            stack.enter_context(patch.object(owner, name, value))
        try:
            yield
        finally:
            random.setstate(before)
