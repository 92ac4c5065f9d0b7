"""An email address in the one form by which it is looked up."""

import re
from dataclasses import dataclass

from nexoraz.events.decider import Refused

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]{3,253}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass
class EmailAddressInvalid(Refused):
    """The text is not an address that mail can be sent to. It carries no fact: the text would be personal."""


def normalised(text: str) -> str:
    """Lower case, the domain in its ASCII form (RFC 5891), at most 254 characters (RFC 5321).

    Raises EmailAddressInvalid. The result holds no control character, so it is safe in a mail header.
    """
    address = text.strip().lower()
    if not _ADDRESS.fullmatch(address):
        raise EmailAddressInvalid
    local, _, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode()
    except UnicodeError as error:
        raise EmailAddressInvalid from error
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or local.strip(".") != local:
        raise EmailAddressInvalid
    whole = f"{local}@{ascii_domain}"
    if len(whole) > 254:
        raise EmailAddressInvalid
    return whole


def lookup_form(text: str) -> str:
    """As `normalised`, but text that is no address is looked up all the same: it finds nothing, in the same time."""
    try:
        return normalised(text)
    except EmailAddressInvalid:
        return "not an address"
