"""The archive's writer: names that lead nowhere, errors that end it, memory that does not grow with the data."""

import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from nexoraz.events.export_parts import Entry, File, Group, Record
from nexoraz.events.vault import Tampered
from nexoraz.privacy.adapters.archive_page import LONGEST_VALUE, SHOWN_RECORDS, shorten
from nexoraz.privacy.adapters.archive_writer import ArchiveWriter
from nexoraz.privacy.adapters.signatures import Ed25519Signer, new_signing_jwk
from nexoraz.privacy.application.ports import Assembly
from services.privacy.tests import examples as x

GROUP = Group("photos", "user.content.private", "content", "assets")
MEBIBYTE = 2**20


def writer() -> ArchiveWriter:
    return ArchiveWriter(Assembly(x.REQUEST, x.ACCOUNT, b"", (), x.NOW), Ed25519Signer(new_signing_jwk()))


def archive(*entries: Entry) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(writer().chunks([("assets", iter(entries))]))))


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("cup.jpg", "cup.jpg"),
        ("../../x", "_.._x"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\x.exe", "C__x.exe"),
        ("...", "unnamed"),
        ("", "unnamed"),
        ("Tasse für Öl.png", "Tasse für Öl.png"),
        ("a\x00b\n.jpg", "a_b_.jpg"),
        ("n" * 300 + ".jpg", "n" * 96 + ".jpg"),
    ],
)
def test_names_in_the_archive_lead_nowhere_else(name: str, stored: str) -> None:
    written = archive(GROUP, File(name, "image/jpeg", iter([b"x"])))
    assert written.namelist()[0] == f"files/assets/photos/{stored}"


def test_the_same_name_again_gets_a_number() -> None:
    files = (File("cup.jpg", "image/jpeg", iter([b"x"])) for _ in range(3))
    names = archive(GROUP, *files).namelist()
    assert names[:3] == [f"files/assets/photos/{name}" for name in ("cup.jpg", "cup-2.jpg", "cup-3.jpg")]


def test_a_service_that_holds_nothing_is_said_to_hold_nothing() -> None:
    assert "We hold nothing about you here." in archive().read("index.html").decode()


def test_records_of_two_holdings_of_one_name_are_both_there() -> None:
    written = archive(GROUP, Record({"n": 1}), GROUP, Record({"n": 2}))
    assert written.namelist()[:2] == ["data/assets/photos.json", "data/assets/photos-2.json"]


def test_the_page_shows_some_and_says_how_many_more() -> None:
    records = (Record({"n": n}) for n in range(SHOWN_RECORDS + 5))
    page = archive(GROUP, *records).read("index.html").decode()
    assert "5 more are in the file" in page


def test_the_page_begins_with_who_one_is_and_goes_on_in_the_order_of_interest() -> None:
    history = Group("events", "user", "account", "identity")
    account = {"email": "ann@example.org", "name": "Ann", "country": "DE"}
    by_service: dict[str, list[Entry]] = {
        "billing": [Group("credit_accounts", "user.account", "account", "billing"), Record({"balance": 7})],
        "identity": [
            history,
            Record({"event": "account-registered", "data": account}),
            Record({"event": "account-renamed", "data": {"name": "Ann <b>Example</b>"}}),
        ],
        "assets": [GROUP, File("cup.jpg", "image/jpeg", iter([b"x"]))],
        "newcomer": [],
    }
    written = b"".join(writer().chunks((name, iter(entries)) for name, entries in by_service.items()))
    page = zipfile.ZipFile(io.BytesIO(written)).read("index.html").decode()
    facts = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert facts == [
        ("Email", "ann@example.org"), ("Name", "Ann &lt;b&gt;Example&lt;/b&gt;"), ("Country", "DE"),
        ("Plan", "none"), ("Credits", "7"),
    ]  # fmt: skip
    assert re.findall(r'<section id="(\w+)"', page) == ["you", "assets", "billing", "identity", "newcomer"]


def test_the_page_can_be_used_without_seeing_it() -> None:
    page = archive(GROUP, Record({"id": "1"}), File("cup.jpg", "image/jpeg", iter([b"x"]))).read("index.html").decode()
    assert '<html lang="en">' in page and page.count("<h1>") == 1 and "<main>" in page
    assert all('scope="col"' in cell for cell in re.findall(r"<th[^e>]*>", page))
    assert all('alt="' in picture for picture in re.findall(r"<img[^>]*>", page))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)) and set(re.findall(r'aria-labelledby="([^"]+)"', page)) <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_the_archive_explains_itself() -> None:
    written = archive(GROUP, Record({"id": "1"}))
    text = written.read("README.txt").decode()
    assert all(name in text for name in ("index.html", "data/", "files/", "manifest.json"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (True, "yes"),
        (["a", None], "a, -"),
        ({"a": {"b": 1}}, "a: b: 1"),
        ("2025-11-03T10:00:01.5Z", "2025-11-03, 10:00 UTC"),
        ("x" * 500, "x" * LONGEST_VALUE + "…"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, shown: str) -> None:
    assert shorten(value) == shown


def test_a_broken_part_ends_the_archive() -> None:
    def broken() -> Iterator[Entry]:
        yield GROUP
        raise Tampered("cut")

    with pytest.raises(Tampered):
        b"".join(writer().chunks([("assets", broken())]))


def test_memory_does_not_grow_with_the_data() -> None:
    """150 MB of files and 20,000 records pass through less than 12 MB."""

    def entries() -> Iterator[Entry]:
        yield GROUP
        for n in range(20_000):
            yield Record({"id": n, "title": f"photo {n}", "tags": ["a", "b"]})
        for n in range(3):
            yield File(f"{n}.bin", "application/octet-stream", (bytes(MEBIBYTE) for _ in range(50)))

    tracemalloc.start()
    size = sum(len(chunk) for chunk in writer().chunks([("assets", entries())]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 150 * MEBIBYTE
    assert peak < 12 * MEBIBYTE
