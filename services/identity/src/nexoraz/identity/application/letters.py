"""A mail in both its forms, text and HTML, from the words of its kind. It loads nothing from anywhere (clause X2)."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from nexoraz.identity.application.letter_kinds import KINDS, Kind

ESSENTIAL = "This is an essential message about your Nexoraz account, so it is sent without regard to mail preferences."
NEWS = Template("You get this message because you said yes to our news. To stop it: $unsubscribe")
_PAGE = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>$subject</title></head>
<body style="margin:0;background:#f4f3ef;font:16px/1.5 Georgia,serif;color:#222">
<div style="max-width:34em;margin:0 auto;padding:2em 1em">
<p style="font-weight:bold;letter-spacing:.08em">NEXORAZ</p>
<div style="background:#fff;padding:1.5em;border-top:3px solid #2f5d50">
<h1 style="font-size:1.3em;margin-top:0">$subject</h1>
$body
</div>
<p style="font-size:.8em;color:#666">$footer</p>
</div>
</body>
</html>
""")
_APART = Template(
    '<p style="background:#f4f3ef;padding:.8em;font-family:monospace;font-size:.9em;word-break:break-all">$text</p>'
)
_LINK = Template(
    '<p><a href="$link" style="display:inline-block;background:#2f5d50;color:#fff;padding:.7em 1.2em;'
    'text-decoration:none">$subject</a></p>'
)
_ONE_TIME = Template("$url/v1/identity/links/$link?token=$token")


@dataclass(frozen=True, slots=True)
class Letter:
    """unsubscribe: where one click stops mail of this kind; "" for an essential one."""

    subject: str
    text: str
    html: str
    unsubscribe: str = ""


def write(kind: str, facts: Mapping[str, str]) -> Letter:
    """The letter of that kind. One that is not essential needs `unsubscribe` among its facts, an address.

    Raises KeyError for an unknown kind or a missing fact.
    """
    words = KINDS[kind]
    stop = "" if words.essential else facts["unsubscribe"]
    footer = NEWS.substitute(unsubscribe=stop) if stop else ESSENTIAL
    link = _ONE_TIME.substitute(facts, link=words.link) if words.link else ""
    plain = [Template(p).substitute(facts) for p in words.paragraphs]
    if link:
        plain.insert(2, link)
    text = "\n\n".join([*plain, "-- ", footer]) + "\n"
    escaped = {name: html.escape(value) for name, value in facts.items()}
    marked = [_marked(p, words, escaped) for p in words.paragraphs]
    if link:
        marked.insert(2, _LINK.substitute(link=html.escape(link), subject=words.subject))
    page = _PAGE.substitute(subject=words.subject, body="\n".join(marked), footer=html.escape(footer))
    return Letter(words.subject, text, page, stop)


def _marked(paragraph: str, words: Kind, escaped: Mapping[str, str]) -> str:
    text = Template(paragraph).substitute(escaped)
    return _APART.substitute(text=text) if paragraph == words.set_apart else f"<p>{text}</p>"
