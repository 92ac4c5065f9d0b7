"""`make demo PHOTO=photo.jpg`: one person's whole life with Nexoraz, against the suite that `make run` started.

Every step is an HTTP request that a client would make; at the end the stores themselves are read, to show what is left.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import urllib3

from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import DEFAULT_PORT, Layout
from tests.journey.evidence import KEPT_ON_PURPOSE, gather
from tests.journey.person import NeverHappened, Person, Places, Refused

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("marketplace-white", "studio-soft", "cutout-transparent")
EXTENSION = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif"}


def say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print a step's time when it is done."""
    begun = time.monotonic()
    yield
    say(f"  {title:<66} {time.monotonic() - begun:7.2f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", nargs="?", type=Path, help="a photograph; a cup of coffee by default")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", DEFAULT_PORT)))
    parser.add_argument("--var", type=Path, default=ROOT / "var", help="the running suite's data")
    parser.add_argument("--output", type=Path, help="where to keep what is downloaded; var/demo by default")
    options = parser.parse_args()
    photo, output = options.photo or sample(), options.output or options.var / "demo"
    if not photo.is_file():
        say(f"There is no photo at {photo}.")
        return 2
    if not reachable(options.port):
        say(f"No suite answers on http://localhost:{options.port}; start it with: make run")
        return 2
    output.mkdir(parents=True, exist_ok=True)
    try:
        journey(places(options.var, options.port), photo, output, options.var, options.port)
    except NeverHappened as awaited:
        say(f"The journey stopped: this did not happen in time: {awaited}")
        return 1
    except (Refused, AssertionError) as failure:
        say(f"The journey stopped: {failure}")
        return 1
    return 0


def sample() -> Path:
    """The coffee cup that comes with scikit-image, found without importing it."""
    spec = find_spec("skimage")
    assert spec is not None and spec.origin is not None, "scikit-image is not installed; give a photo"
    return Path(spec.origin).parent / "data" / "coffee.png"


def reachable(port: int) -> bool:
    try:
        answer = urllib3.request("GET", f"http://localhost:{port}/v1/identity/keys", timeout=3, retries=False)
    except urllib3.exceptions.HTTPError:
        return False
    return bool(answer.status == 200)


def places(var: Path, port: int) -> Places:
    layout = Layout(ROOT, var.resolve(), port)
    key = Credentials(layout.secrets).get("stripe-api-key", prefix="sk_test_")
    mailbox, stripe = f"http://127.0.0.1:{layout.mailbox_port}", f"http://127.0.0.1:{layout.stripe_port}"
    return Places(f"http://localhost:{port}", mailbox, stripe, key)


def journey(where: Places, photo: Path, output: Path, var: Path, port: int) -> None:
    begun, person = time.monotonic(), Person(where)
    say(f"A person arrives with {photo.name} ({photo.stat().st_size / 1024:.0f} KiB).")
    photo_id = arrive(person, photo)
    pay(person)
    pictures(person, photo_id, output)
    export(person, output)
    certificate = erasure(person, output)
    verify(certificate, person, output)
    nothing_left(person, var, port)
    say(f"Done in {time.monotonic() - begun:.1f} s; pictures, export and certificate are in {output}")


def arrive(person: Person, photo: Path) -> str:
    say("1  Account and photo")
    with step("registers, confirms the address with the mailed token"):
        person.register()
    with step("signs in"):
        person.sign_in()
    with step("uploads the photo (streamed, sealed on the way)"):
        uploaded = person.upload(photo)
    say(f"     photo {uploaded['id']}: {uploaded['width']} × {uploaded['height']}, {uploaded['media_type']}")
    return str(uploaded["id"])


def pay(person: Person) -> None:
    say("2  Credits")
    with step("buys a pack through Stripe, paid by a signed webhook"):
        purchase = person.buy()
    balance = person.balance()
    say(f"     {purchase['amount'] / 100:.2f} {purchase['currency']}, {balance['balance']} credits")
    assert balance == {"balance": purchase["credits"], "reserved": 0, "held": 0}, balance


def pictures(person: Person, photo_id: str, output: Path) -> None:
    say("3  Pictures")
    for preset in PRESETS:
        with step(f"renders and downloads {preset}"):
            job, data = person.render(photo_id, preset)
        made = job["output"]
        path = output / f"{preset}.{EXTENSION[made['media_type']]}"
        path.write_bytes(data)
        lesser = " (fallback: run `make model` for the better one)" if made["fallback"] else ""
        say(f"     {path.name}: {made['width']} × {made['height']}, cut out by {made['engine']}{lesser}")
    balance = person.balance()
    say(f"     {balance['balance']} credits left, {balance['reserved']} reserved")


def export(person: Person, output: Path) -> None:
    say("4  Everything that is held")
    with step("asks for an export, waits for it, downloads the zip"):
        archive = person.export()
    (output / "export.zip").write_bytes(archive)
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        files = Counter(name.partition("/")[0] for name in names)
        (output / "export-index.html").write_bytes(opened.read("index.html"))
    say(f"     {len(archive) / 1024:.0f} KiB: " + ", ".join(f"{name} {n}" for name, n in sorted(files.items())))


def erasure(person: Person, output: Path) -> Path:
    say("5  Erasure")
    begun = time.monotonic()
    request_id, token = person.ask_erasure()
    for name, data in person.watch(request_id, token):
        say(f"     {time.monotonic() - begun:6.2f} s  {told(name, data)}")
    path = output / "certificate.json"
    path.write_bytes(person.certificate(request_id, token))
    assert name == "completed", name
    return path


def told(name: str, data: dict[str, object]) -> str:
    """One event of the request in words."""
    who = data.get("participant", "")
    if name == "receipt":
        lines = data.get("lines")
        erased = sum(line["erased"] for line in lines) if isinstance(lines, list) else 0
        kept = sum(line["retained"] for line in lines) if isinstance(lines, list) else 0
        return f"receipt from {who}: {data.get('outcome')}, {erased} erased, {kept} kept by law"
    if name == "scan":
        return f"residue scan of {who}: {data.get('residue')} left"
    return name


def verify(certificate: Path, person: Person, output: Path) -> None:
    keys = output / "keys.json"
    person.token = ""
    keys.write_text(json.dumps(person.call("GET", "/v1/privacy/keys")))
    command = [sys.executable, "-m", "nexoraz.privacy.verify", str(certificate), "--keys", str(keys)]
    with step("verifies the certificate offline"), tempfile.TemporaryDirectory() as elsewhere:
        environment = {"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    say("     " + done.stdout.strip().replace("\n", "\n     "))
    assert done.returncode == 0, done.stderr


def nothing_left(person: Person, var: Path, port: int) -> None:
    say("6  What is left")
    try:
        person.sign_in()
    except Refused as refused:
        say(f"     sign-in: refused with {refused.status}, as for an address never seen")
    else:
        raise AssertionError("the erased person can sign in")
    left = gather(ROOT, var.resolve(), port, person.account_id)
    say(f"     data keys: {left.keys}; object versions: {left.objects}")
    say("     messages on the bus: " + ", ".join(f"{service} {n}" for service, n in left.messages.items()))
    for name, count in left.rows.items():
        reason = KEPT_ON_PURPOSE.get(name) or KEPT_ON_PURPOSE.get(name.partition(".")[2], "UNEXPECTED")
        say(f"     {count} in {name}: {reason}")
    assert left.keys == 0, "living keys"
    assert left.objects == 0, "objects are left"
    assert not any(left.messages.values()), left.messages
    assert not left.unexpected_rows(), left.unexpected_rows()


if __name__ == "__main__":
    sys.exit(main())
