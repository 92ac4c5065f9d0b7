"""The page in an archive that a person reads: one file, no script, nothing loaded from anywhere but the archive.

Every value is escaped: what people wrote is shown, never run.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import quote

SHOWN_RECORDS, SHOWN_FILES, LONGEST_VALUE, OPEN_ROWS = 200, 2_000, 400, 12
"""What the page shows of one group; all of it is in the JSON beside, and the page says so. Longer tables than OPEN_ROWS
are folded."""

SERVICES: Mapping[str, tuple[str, str]] = {
    "assets": ("Your photos", "What you uploaded, as you uploaded it, and what you wrote about it."),
    "render": ("Your pictures", "What was made from your photos, and how."),
    "billing": ("Credits and payments", "What you bought and spent. Card details never reach us."),
    "identity": ("Your account and its use", "Sign-ins and devices, mail that we sent, changes of your profile."),
    "privacy": ("Your privacy requests", "What you asked us about your data."),
}
"""In the order of the page; services that are not named here come after them."""

STYLE = (files("nexoraz.privacy") / "adapters" / "archive.css").read_text(encoding="utf-8")
TITLES: Mapping[str, str] = {"events": "What happened"}
MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)$")
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"})


@dataclass(slots=True)
class ShownFile:
    path: str
    name: str
    media_type: str


@dataclass(slots=True)
class ShownGroup:
    """One group of records or files; `records` and `files` are cut, `record_count` and `file_count` are not."""

    name: str
    category: str
    purpose: str
    json_path: str = ""
    record_count: int = 0
    file_count: int = 0
    records: list[dict[str, str]] = field(default_factory=list)
    files: list[ShownFile] = field(default_factory=list)

    def note_record(self, record: Mapping[str, Any]) -> None:
        self.record_count += 1
        if len(self.records) < SHOWN_RECORDS:
            self.records.append({str(name): shorten(value) for name, value in record.items()})

    def note_file(self, file: ShownFile) -> None:
        self.file_count += 1
        if len(self.files) < SHOWN_FILES:
            self.files.append(file)


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that the page shows, by service."""

    request_id: str
    at: datetime
    services: Mapping[str, Sequence[ShownGroup]]
    profile: Mapping[str, str]

    def in_order(self) -> list[tuple[str, Sequence[ShownGroup]]]:
        order = list(SERVICES)
        rank = {name: order.index(name) if name in order else len(order) for name in self.services}
        return sorted(self.services.items(), key=lambda item: rank[item[0]])


def shorten(value: Any) -> str:
    """A value as people read it, at most LONGEST_VALUE characters."""
    match value:
        case None:
            text = "-"
        case bool():
            text = "yes" if value else "no"
        case list() | tuple():
            text = ", ".join(shorten(item) for item in value[:50])
        case Mapping():
            text = "; ".join(f"{name}: {shorten(item)}" for name, item in list(value.items())[:50])
        case _:
            text = MOMENT.sub(r"\1, \2 UTC", str(value))
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def page(shown: Shown) -> Iterator[bytes]:
    """The page in pieces."""
    yield _head(shown).encode()
    yield _profile(shown.profile).encode()
    for service, groups in shown.in_order():
        yield _service(service, groups).encode()
    yield _foot().encode()


def _head(shown: Shown) -> str:
    links = "".join(f'<a href="#{escape(name)}">{escape(_title(name))}</a>' for name, _ in shown.in_order())
    policy = "default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'; form-action 'none'"
    made = shown.at.strftime("%d %B %Y, %H:%M UTC")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="referrer" content="no-referrer">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>Your data at Nexoraz</title>'
        f"<style>{STYLE}</style></head><body><header><h1>Your data at Nexoraz</h1>"
        f"<p>Everything that we hold about you, collected on {made} for your request {escape(shown.request_id)}. "
        "This page works without a connection. The same data, complete and for programs, lies in the folders "
        "<b>data</b> (JSON) and <b>files</b>.</p>"
        f'<nav aria-label="Contents"><a href="#you">You</a>{links}</nav></header><main>'
    )


def _profile(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(label)}</dt><dd>{escape(value) or '-'}</dd>" for label, value in facts.items())
    return f'<section id="you" aria-labelledby="you-title"><h2 id="you-title">You</h2><dl>{rows}</dl></section>'


def _title(service: str) -> str:
    return SERVICES.get(service, (service.title(), ""))[0]


def _service(service: str, groups: Sequence[ShownGroup]) -> str:
    held = sorted((group for group in groups if group.record_count or group.file_count), key=_weight)
    about = SERVICES.get(service, ("", ""))[1]
    body = "".join(_group(group) for group in held) or "<p>We hold nothing about you here.</p>"
    id_ = escape(service)
    title = f'<h2 id="{id_}-title">{escape(_title(service))}</h2>'
    return f'<section id="{id_}" aria-labelledby="{id_}-title">{title}<p>{escape(about)}</p>{body}</section>'


def _weight(group: ShownGroup) -> int:
    """Pictures first, what happened last: people look for the former, and the latter is long."""
    return 0 if group.file_count else 2 if group.name == "events" else 1


def _group(group: ShownGroup) -> str:
    title = TITLES.get(group.name, group.name.rpartition("/")[2].replace("_", " ").replace("-", " ").capitalize())
    head = f'<h3>{escape(title)}<span class="tag">{escape(group.category)}</span></h3>'
    return head + _table(group, title) + _files(group)


def _table(group: ShownGroup, title: str) -> str:
    if not group.records:
        return ""
    columns = list(dict.fromkeys(name for record in group.records for name in record))
    header = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(record.get(name, ''))}</td>" for name in columns) + "</tr>"
        for record in group.records
    )
    scroll = f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
    table = f"{scroll}<table><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table></div>"
    if len(group.records) > OPEN_ROWS:
        table = f"<details><summary>Show {len(group.records)} of {group.record_count}</summary>{table}</details>"
    more = group.record_count - len(group.records)
    shown = f"{more} more are in the file: " if more else "The same as a file: "
    return f'{table}<p>{shown}<a href="{_href(group.json_path)}">{escape(group.json_path)}</a></p>'


def _files(group: ShownGroup) -> str:
    if not group.files:
        return ""
    pictures = "".join(_picture(file) for file in group.files if file.media_type in PICTURES)
    others = "".join(
        f'<li><a href="{_href(file.path)}">{escape(file.name)}</a></li>'
        for file in group.files
        if file.media_type not in PICTURES
    )
    more = group.file_count - len(group.files)
    grid = f'<div class="pictures">{pictures}</div>' if pictures else ""
    listing = f"<ul>{others}</ul>" if others else ""
    return grid + listing + (f"<p>{more} more are in the folder.</p>" if more else "")


def _picture(file: ShownFile) -> str:
    href, name = _href(file.path), escape(file.name)
    return (
        f'<figure><a href="{href}"><img loading="lazy" src="{href}" alt="{name}"></a>'
        f"<figcaption>{name}</figcaption></figure>"
    )


def _href(path: str) -> str:
    return escape(quote(path))


def _foot() -> str:
    return (
        "</main><footer><p><b>manifest.json</b> lists every file here with its SHA-256 and is signed by Nexoraz, so "
        "that nobody can change this archive unnoticed. Questions: support@nexoraz.pro.</p></footer></body></html>"
    )
