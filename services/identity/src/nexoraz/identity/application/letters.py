"""The text of each kind of mail. All are essential: they carry no advertising and need no unsubscribing (RT4)."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

ESSENTIAL = "This is an essential message about your Nexoraz account, so it is sent without regard to mail preferences."


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Kind:
    subject: str
    paragraphs: tuple[str, ...]
    set_apart: str = ""


_KINDS = {
    "verify-address": _Kind(
        "Confirm your address",
        (
            "Someone, hopefully you, opened a Nexoraz account with this address.",
            "To confirm it, send this token within 24 hours.",
            "$token",
            "It was not you? Do nothing: without the token the account cannot be used.",
        ),
        set_apart="$token",
    ),
    "access-code": _Kind(
        "Your code",
        (
            "Someone, hopefully you, wants to use the rights that you have over your data without signing in.",
            "This code says that it is you. It is valid for 15 minutes.",
            "$code",
            "It was not you? Do nothing, and give the code to nobody: we never ask for it.",
        ),
        set_apart="$code",
    ),
    "account-exists": _Kind(
        "You already have an account",
        (
            "Someone, perhaps you, tried to open a Nexoraz account with this address. There is one already.",
            "If it was you, sign in at $url. If not, you need not do anything: nothing has changed.",
        ),
    ),
    "request-extended": _Kind(
        "Your request takes longer",
        (
            "You asked us for $asked. We need more time, because $why. You will have our answer by $until.",
            "This is the one extension that the law allows. What was written to you about it stands in your request:",
            "$url/v1/privacy/requests/$request",
        ),
    ),
    "request-denied": _Kind(
        "Your request was denied",
        (
            "You asked us for $asked. We denied it, because $why.",
            "What was written to you about it stands in your request: $url/v1/privacy/requests/$request",
            "If you disagree, you can complain to a supervisory authority, or go to court.",
        ),
    ),
    "request-answered": _Kind(
        "Your request was answered",
        (
            "You asked us for $asked, and it is done.",
            "What was written to you about it stands in your request: $url/v1/privacy/requests/$request",
        ),
    ),
    "account-erased": _Kind(
        "Your account is being erased",
        (
            "As you asked, your Nexoraz account and the data in it are erased.",
            "This is the last message to this address.",
            "The keys that could read your data are destroyed right after this message; it cannot be brought back.",
            "The certificate of the erasure is available to you with the token of your request.",
        ),
    ),
}
KINDS = tuple(_KINDS)


def write(kind: str, facts: Mapping[str, str]) -> Letter:
    """The letter of that kind; raises KeyError for an unknown kind or a missing fact."""
    template = _KINDS[kind]
    plain = [Template(p).substitute(facts) for p in template.paragraphs]
    text = "\n\n".join([*plain, "-- ", ESSENTIAL]) + "\n"
    escaped = {name: html.escape(value) for name, value in facts.items()}
    marked = [Template(_marked(p, template)).substitute(escaped) for p in template.paragraphs]
    body = "".join(f"<p>{p}</p>" for p in marked)
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{template.subject}</title></head>'
        f"<body>{body}<hr><p><small>{ESSENTIAL}</small></p></body></html>"
    )
    return Letter(template.subject, text, page)


def _marked(paragraph: str, kind: _Kind) -> str:
    return f"<code>{paragraph}</code>" if paragraph == kind.set_apart else paragraph
