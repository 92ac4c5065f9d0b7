"""R2, RT1 and RT2: what is held comes out, and is gone when it is asked to go."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.journey.demo import ROOT, sample
from tests.journey.evidence import gather
from tests.journey.person import Refused
from tests.journey.running import RunningSuite
from tests.policy.asking import ask
from tests.policy.conftest import Evidence

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
shows = pytest.mark.shows


@shows("RT1", "full export")
@shows("R2", "erasure to the certificate")
@shows("R2", "legal exceptions told")
@shows("RT2", "erasure on request")
@shows("RT2", "certificate checked offline")
@shows("R1", "billing pseudonymous for its term")
def test_everything_comes_out_and_then_goes(suite: RunningSuite, tmp_path: Path, evidence: Evidence) -> None:
    person = suite.person()
    person.register()
    person.sign_in()
    person.upload(sample())
    person.buy()
    archive = zipfile.ZipFile(io.BytesIO(person.export()))
    names = archive.namelist()
    assert "index.html" in names
    assert any(name.startswith("files/assets/") for name in names)
    profile = b"".join(archive.read(name) for name in names if name.startswith("data/identity/"))
    assert person.email.encode() in profile
    evidence(f"export: {len(names)} entries")
    request_id, token = person.ask_erasure()
    assert [name for name, _ in person.watch(request_id, token)][-1] == "completed"
    raw = person.certificate(request_id, token)
    (tmp_path / "certificate.json").write_bytes(raw)
    command = [sys.executable, "-m", "nexoraz.privacy.verify", str(tmp_path / "certificate.json")]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "accounting" in json.dumps(ask(person, "GET", f"/v1/privacy/requests/{request_id}",
                                          Authorization=f"Bearer {token}").json)  # fmt: skip
    left = gather(ROOT, suite.var, suite.port, person.account_id)
    assert (left.keys, left.objects, left.unexpected_rows()) == (0, 0, {})
    with pytest.raises(Refused):
        person.sign_in()
    evidence(f"certificate verified offline; 0 keys, 0 objects, rows only for a stated reason ({len(left.rows)} kinds)")
