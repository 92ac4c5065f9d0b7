"""`nexoraz-verify`, for somebody who has the package and a certificate, and nothing else of the suite."""

import subprocess
import sys
from pathlib import Path

from nexoraz.privacy.adapters.signatures import Ed25519Signer, new_signing_jwk
from nexoraz.privacy.domain.certificate import Issue, certificate
from services.privacy.tests import examples as x

COMMAND = Path(sys.executable).with_name("nexoraz-verify")
"""As the packaging of privacy declares it, made by the installation."""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a folder that holds the certificate only, without any environment."""
    return subprocess.run([COMMAND, *arguments], cwd=folder, env={}, capture_output=True, text=True, check=False)


def test_the_installed_command_needs_nothing_but_the_certificate(tmp_path: Path) -> None:
    signer = Ed25519Signer(new_signing_jwk())
    raw = signer.sign(certificate(x.PROVEN, Issue(1, "", x.NOW, "http://localhost:8080", signer.public_jwk)))
    (tmp_path / "certificate.json").write_bytes(raw)
    genuine = run(tmp_path, "certificate.json")
    assert (genuine.returncode, genuine.stderr) == (0, "")
    assert genuine.stdout.startswith("GENUINE. Erasure certificate number 1")
    (tmp_path / "certificate.json").write_bytes(raw.replace(b'"erased":3', b'"erased":2', 1))
    changed = run(tmp_path, "certificate.json")
    assert (changed.returncode, changed.stderr) == (1, "")
    assert changed.stdout.startswith("NOT GENUINE")
