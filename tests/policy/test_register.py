"""X1 (register), X2 and the record of I1: whom data goes to, what is linked, and that our pages load nothing."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.journey.demo import ROOT
from tests.journey.person import Person
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
PLACE = re.compile(r"\{(\w+)\}")
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "manifest"}


@shows("X1", "register of processors")
@shows("X2", "links listed")
def test_processors_are_listed_with_countries_and_safeguards(ann: Person, evidence: Evidence) -> None:
    listed = ask(Person(ann.places), "GET", "/v1/privacy/processors").json
    for each in listed["processors"]:
        assert each["safeguards"], each
        assert each["basis"], each
    stripe = next(each for each in listed["processors"] if each["id"] == "stripe")
    links = [link["href"] for link in listed["links"]]
    assert stripe["terms"] in links
    named = ", ".join(f"{each['id']} ({'/'.join(each['countries']) or 'region'})" for each in listed["processors"])
    evidence(f"{named}; {len(links)} links with their policies")


@shows("I1", "record of processing exported")
def test_the_record_of_processing_is_that_of_all_five_services(ann: Person, evidence: Evidence) -> None:
    record = ask(Person(ann.places), "GET", "/v1/privacy/processing-record").json
    table = ask(ann, "GET", "/v1/privacy/processing-record.csv").body.decode()
    page = ask(ann, "GET", "/v1/privacy/processing-record.html").body.decode()
    assert {each["service"] for each in record["activities"]} == {"identity", "assets", "render", "billing", "privacy"}
    lines = list(csv.reader(io.StringIO(table)))[1:]
    assert [(each["service"], each["purpose"]) for each in record["activities"]] == [tuple(line[:2]) for line in lines]
    assert all(each["purpose"] in page for each in record["activities"])
    evidence(f"{len(lines)} activities of five services as JSON, CSV and HTML")


class Loading(HTMLParser):
    """Every address that a browser would ask by itself or by a form."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in LOADING or (tag == "link" and name == "href") or (tag == "meta" and name == "content"):
                self.addresses.append(value or "")
            if name == "style" or tag == "style":
                self.addresses += re.findall(r"url\(([^)]*)\)", value or "")


@shows("X2", "no third-party request")
def test_no_page_of_ours_asks_anything_of_anybody_else(ann: Person, evidence: Evidence) -> None:
    pages = 0
    for path in _open_pages():
        answer = ask(Person(ann.places), "GET", path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], path
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            pages += 1
            asked = [a for a in Loading(answer.body.decode()).addresses if urlsplit(a).netloc]
            assert asked == [], path
    assert pages
    evidence(f"{pages} HTML pages load nothing; default-src 'none' on every answer besides")


def _open_pages() -> list[str]:
    """Every GET that the five services describe as open, with invented ids."""
    found = []
    for file in sorted(ROOT.glob("services/*/openapi.json")):
        for path, item in json.loads(file.read_text())["paths"].items():
            if "get" in item and "security" not in item["get"]:
                found.append(PLACE.sub("5f0f4f0e-3c1e-4c46-9d5c-1f2f7f6f4a10", path))
    return found
