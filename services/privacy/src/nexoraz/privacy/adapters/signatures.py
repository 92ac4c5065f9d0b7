"""Signed documents: JWS (RFC 7515) over canonical JSON, as one JSON object that people can read.

The algorithm is EdDSA with Ed25519, named as RFC 9864 does.

A signed document is {"document": …, "jws": "<header>..<signature>"}: the payload is detached (RFC 7515, Appendix F),
because it stands beside it in the clear. There is exactly one valid spelling of every byte: the object is canonical,
the header has one form, and base64url is checked by encoding again.
"""

import base64
import binascii
from typing import Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from nexoraz.privacy.domain.canonical import Json, NotCanonical, canonical, parse_canonical

ALGORITHM = "Ed25519"
PUBLIC_FIELDS = frozenset({"kty", "crv", "x", "kid", "alg", "use"})


class NotGenuine(Exception):
    """The document was not signed by that key, or was changed afterwards; the text says what was found."""


class Signer(Protocol):
    """Holds a private key and signs with it."""

    @property
    def public_jwk(self) -> Json: ...

    def sign(self, document: Json) -> bytes: ...


class Ed25519Signer:
    """Signs with one Ed25519 key."""

    def __init__(self, private_jwk: Json) -> None:
        self._key = OKPKey.import_key(private_jwk)
        self.public_jwk: Json = {name: value for name, value in private_jwk.items() if name in PUBLIC_FIELDS}

    def sign(self, document: Json) -> bytes:
        """The signed document as a file. Raises NotCanonical."""
        header = {"alg": ALGORITHM, "kid": self.public_jwk["kid"]}
        compact = jws.serialize_compact(header, canonical(document), self._key, algorithms=[ALGORITHM])
        head, _, signature = compact.split(".")
        return canonical({"document": document, "jws": f"{head}..{signature}"})


def new_signing_jwk() -> Json:
    """A fresh Ed25519 private key as a JWK; its `kid` is the RFC 7638 thumbprint of the public half."""
    key = OKPKey.generate_key("Ed25519", private=True)
    material: Json = dict(key.as_dict(private=True))
    return {**material, "kid": key.thumbprint(), "alg": ALGORITHM, "use": "sig"}


def key_id(raw: bytes) -> str:
    """The `kid` that a signed document names, unchecked: only for choosing the key. Raises NotGenuine."""
    return str(_parts(raw)[1]["kid"])


def verified(raw: bytes, public_jwk: Json) -> Json:
    """The document, if every byte of the file is as it was signed by that key. Raises NotGenuine."""
    document, header, head, signature = _parts(raw)
    key = OKPKey.import_key({name: value for name, value in public_jwk.items() if name in {"kty", "crv", "x"}})
    if header["kid"] != key.thumbprint():
        raise NotGenuine("it names another signing key than the one it is checked with")
    compact = f"{head}.{_encode(canonical(document))}.{signature}"
    try:
        jws.deserialize_compact(compact, key, algorithms=[ALGORITHM])
    except (JoseError, ValueError) as error:
        raise NotGenuine("the signature does not fit the content: something was changed after signing") from error
    return document


def _parts(raw: bytes) -> tuple[Json, Json, str, str]:
    """Document, header, encoded header, encoded signature."""
    try:
        outer = parse_canonical(raw)
        document, text = outer["document"], outer["jws"]
        head, empty, signature = text.split(".")
        header = parse_canonical(_decode(head))
        _decode(signature)
    except NotCanonical as error:
        raise NotGenuine(str(error)) from error
    except (KeyError, AttributeError, ValueError) as error:
        raise NotGenuine("it does not have the form of a signed document") from error
    expected = set(outer) == {"document", "jws"} and set(header) == {"alg", "kid"} and isinstance(document, dict)
    if not expected or empty or header["alg"] != ALGORITHM or not isinstance(header["kid"], str):
        raise NotGenuine("it does not have the form of a signed document")
    return document, header, head, signature


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise NotGenuine("a part of the signature is not base64url") from error
    if _encode(raw) != text:
        raise NotGenuine("a part of the signature has a second spelling: it was changed after signing")
    return raw
