"""C3, U1 and the part of U3 that an upload meets."""

import struct
import zlib
from pathlib import Path

import pytest
import pyvips

from tests.journey.demo import PRESETS, sample
from tests.journey.person import Person
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows
BOUND_MIB = 64
"""How much the process that takes uploads may grow by hostile ones: a third of what the bomb unpacks to."""


def picture(note: str = "") -> pyvips.Image:
    image = (
        pyvips.Image.gaussnoise(64, 48, mean=128, sigma=40)
        .cast("uchar")
        .bandjoin([128, 128])
        .copy(interpretation="srgb")
    )
    if note:
        image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta>%b</x:xmpmeta>" % note.encode())
    return image


@shows("C3", "type by content")
def test_a_photo_is_what_its_bytes_say(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    files = {
        "image/jpeg": picture().jpegsave_buffer(),
        "image/png": picture().pngsave_buffer(),
        "image/webp": picture().webpsave_buffer(),
        "image/avif": picture().heifsave_buffer(compression="av1", effort=0),
    }
    for kind, data in files.items():
        answer = ask(ann, "POST", "/v1/assets/photos", data, Content_Type="application/octet-stream")
        assert (answer.status, answer.json["media_type"]) == (201, kind)
    refused = ask(ann, "POST", "/v1/assets/photos", b"GIF89a" + b"\0" * 99, Content_Type="image/jpeg")
    assert refused.status == 415
    evidence(f"kept: {', '.join(files)}; a GIF that says JPEG: 415")


@shows("C3", "metadata removed")
@shows("C3", "download with ranges")
def test_a_photo_comes_back_without_the_place_it_was_taken_at(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    sent = picture("at-48.2082N").jpegsave_buffer(Q=90)
    assert b"at-48.2082N" in sent
    uploaded = ask(ann, "POST", "/v1/assets/photos", sent, Content_Type="image/jpeg").json
    path = f"/v1/assets/photos/{uploaded['id']}/content"
    kept = ask(ann, "GET", path).body
    assert b"at-48.2082N" not in kept
    pixels = [pyvips.Image.new_from_buffer(each, "") for each in (sent, kept)]
    assert (pixels[0] - pixels[1]).abs().max() == 0
    part = ask(ann, "GET", path, Range="bytes=100-199")
    assert (part.status, part.body) == (206, kept[100:200])
    evidence("the same pixels, no place; bytes 100 to 199 as 206")


@shows("C3", "cursor paging")
def test_a_gallery_is_read_page_by_page(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    for _ in range(3):
        ask(ann, "POST", "/v1/assets/photos", picture().pngsave_buffer(), Content_Type="image/png")
    everything = [photo["id"] for photo in ann.call("GET", "/v1/assets/photos?limit=100")["items"]]
    seen, cursor = [], ""
    while True:
        page = ann.call("GET", f"/v1/assets/photos?limit=2{cursor}")
        seen += [photo["id"] for photo in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == everything
    evidence(f"{len(seen)} photos in pages of two, none twice, none missed")


@shows("U3", "upload bombs refused")
def test_what_unpacks_out_of_all_proportion_or_is_no_picture_is_refused_in_bounded_memory(
    ann: Person, suite: RunningSuite, evidence: Evidence
) -> None:
    ann.sign_in()
    bomb = pyvips.Image.black(7900, 8000, bands=3).pngsave_buffer(compression=9)
    header = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    huge = bomb[:16] + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) + bomb[33:]
    whole = picture().jpegsave_buffer(Q=90)
    hostile = {"bomb": bomb, "100 megapixels": huge, "truncated": whole[: len(whole) // 2], "wrong type": b"%PDF-1.7\n"}
    web, told = suite.pid("assets-web"), {}
    before = peaks_mib(web)
    for what, data in hostile.items():
        answer = ask(ann, "POST", "/v1/assets/photos", data, Content_Type="image/png")
        assert 400 <= answer.status < 500, (what, answer.status)
        assert answer.headers["Content-Type"].startswith("application/problem+json"), what
        told[what] = f"{answer.status} {answer.json['type'].rpartition('/')[2]}"
    assert [status[:3] for status in told.values()] == ["422", "422", "422", "415"], told
    after = peaks_mib(web)
    assert len(after) > 1 and set(after) == set(before), "a process died, or none was measured"
    grown = max(after[pid] - before[pid] for pid in after)
    assert grown < BOUND_MIB, grown
    evidence(
        f"{len(bomb) // 1024} KiB that unpack to 190 MB and others: {told}; no process grew by more than {grown} MiB"
    )


def peaks_mib(server: int) -> dict[int, int]:
    """The most memory that the server and each of its workers has ever had, in MiB by process id."""
    workers = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return {pid: peak_mib(pid) for pid in (server, *map(int, workers))}


def peak_mib(pid: int) -> int:
    [line] = [each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmHWM:")]
    return int(line.split()[1]) // 1024


@shows("C5", "credits by PaymentIntent")
@shows("U1", "cut-out")
@shows("U1", "studio scene")
@shows("U1", "marketplace preset")
def test_paid_credits_become_pictures(ann: Person, evidence: Evidence) -> None:
    ann.sign_in()
    photo = ann.upload(sample())
    before = ann.balance()["balance"]
    purchase = ann.buy()
    assert purchase["payment_intent"].startswith("pi_")
    assert ann.balance()["balance"] == before + purchase["credits"]
    for preset in PRESETS:
        job, data = ann.render(photo["id"], preset)
        made = pyvips.Image.new_from_buffer(data, "")
        assert (made.width, made.height) == (job["output"]["width"], job["output"]["height"])
        corner = made.getpoint(0, 0)
        assert preset != "cutout-transparent" or (made.hasalpha() and corner[-1] == 0)
        assert preset != "marketplace-white" or corner[:3] == [255, 255, 255]
        evidence(f"{preset} by {job['output']['engine']}")
    assert ann.balance()["balance"] == before + purchase["credits"] - len(PRESETS)
