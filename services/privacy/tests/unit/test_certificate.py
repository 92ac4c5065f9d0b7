"""Certificates: what they say, and that any change is found."""

import json
from pathlib import Path

import pytest

from nexoraz.privacy import verify
from nexoraz.privacy.adapters.signatures import Ed25519Signer, NotGenuine, new_signing_jwk, verified
from nexoraz.privacy.domain.canonical import Json, NotCanonical, canonical, parse_canonical
from nexoraz.privacy.domain.certificate import Issue, certificate, file_digest
from nexoraz.privacy.domain.vocabulary import Answer
from services.privacy.tests import examples as x

SIGNER = Ed25519Signer(new_signing_jwk())


def issue(number: int = 1, previous: str = "", signer: Ed25519Signer = SIGNER) -> Issue:
    return Issue(number, previous, x.NOW, "http://localhost:8080", signer.public_jwk)


def signed(document: Json | None = None) -> bytes:
    return SIGNER.sign(document or certificate(x.PROVEN, issue()))


def test_a_certificate_says_what_each_participant_did() -> None:
    document = certificate(x.PROVEN, issue())
    assert [p["participant"] for p in document["participants"]] == sorted(x.FIVE)
    assert document["totals"] == {"erased": 15, "retained": 0, "bus_purged": 20, "residue": 0}
    assert document["request"]["outcome"] == "completed"
    assert [step["step"] for step in document["steps"]][:4] == ["received", "verified", "grace-waived", "started"]
    assert document["steps"][-1]["step"] == "proven"


def test_a_certificate_is_genuine_and_explains_itself() -> None:
    text = verify.explain(verify.check(signed(), [SIGNER.public_jwk]), keys_given=True)
    assert text.startswith("GENUINE. Erasure certificate number 1")
    assert "assets: erased; 2 keys destroyed at 2025-11-03T10:00:02Z (key epoch 1)" in text


def test_without_keys_it_says_what_it_does_not_show() -> None:
    assert "not who signed" in verify.explain(verify.check(signed()), keys_given=False)


def test_every_changed_byte_is_found() -> None:
    raw = signed()
    for n in range(len(raw)):
        for flip in (0x01, 0x20):
            changed = raw[:n] + bytes([raw[n] ^ flip]) + raw[n + 1 :]
            with pytest.raises(NotGenuine):
                verify.check(changed, [SIGNER.public_jwk])


@pytest.mark.parametrize(
    "change", [lambda raw: raw + b"\n", lambda raw: b" " + raw, lambda raw: raw[:-1], lambda _: b""]
)
def test_an_added_or_missing_byte_is_found(change: object) -> None:
    with pytest.raises(NotGenuine):
        verify.check(change(signed()), [SIGNER.public_jwk])  # type: ignore[operator]


def test_a_name_said_twice_is_found() -> None:
    raw = signed().replace(b'"format":1', b'"format":1,"format":1', 1)
    with pytest.raises(NotGenuine):
        verify.check(raw)


def test_a_certificate_signed_by_somebody_else_is_found_with_the_keys() -> None:
    stranger = Ed25519Signer(new_signing_jwk())
    forged = stranger.sign(certificate(x.PROVEN, issue(signer=stranger)))
    assert verify.check(forged)
    with pytest.raises(NotGenuine, match="not among the given keys"):
        verify.check(forged, [SIGNER.public_jwk])


def test_a_key_that_only_claims_the_same_id_is_found() -> None:
    stranger = Ed25519Signer({**new_signing_jwk(), "kid": SIGNER.public_jwk["kid"]})
    forged = stranger.sign(certificate(x.PROVEN, issue(signer=stranger)))
    with pytest.raises(NotGenuine):
        verify.check(forged)
    with pytest.raises(NotGenuine):
        verify.check(forged, [SIGNER.public_jwk])


def test_the_chain_is_checked() -> None:
    first = signed()
    second = SIGNER.sign(certificate(x.PROVEN, issue(2, file_digest(first))))
    assert verify.check(second, previous=first)["number"] == 2
    with pytest.raises(NotGenuine, match="chain"):
        verify.check(second, previous=second)


def test_a_signature_does_not_make_an_incomplete_proof_complete() -> None:
    document = certificate(x.PROVEN, issue())
    document["participants"][0]["outcome"] = Answer.UNVERIFIED.value
    document["participants"][1]["scan"]["residue"] = 1
    document["participants"].pop()
    with pytest.raises(NotGenuine) as found:
        verify.check(signed(document))
    assert "not every service" in str(found.value)
    assert "did not confirm" in str(found.value)
    assert "something left" in str(found.value)
    assert "totals" in str(found.value)


def test_other_signed_documents_are_no_certificates() -> None:
    with pytest.raises(NotGenuine, match="not an erasure certificate"):
        verify.check(signed({"kind": "manifest", "key": SIGNER.public_jwk}))


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, keys = tmp_path / "certificate.json", tmp_path / "keys.json"
    file.write_bytes(signed())
    keys.write_text(json.dumps({"keys": [SIGNER.public_jwk]}))
    assert verify.main([str(file), "--keys", str(keys)]) == verify.GENUINE
    assert capsys.readouterr().out.startswith("GENUINE.")
    file.write_bytes(signed().replace(b'"erased":3', b'"erased":4', 1))
    assert verify.main([str(file)]) == verify.NOT_GENUINE
    assert capsys.readouterr().out.startswith("NOT GENUINE")
    assert verify.main([str(tmp_path / "missing.json")]) == verify.UNREADABLE
    keys.write_text("[]")
    assert verify.main([str(file), "--keys", str(keys)]) == verify.UNREADABLE


def test_the_private_half_of_the_key_is_nowhere_in_the_file() -> None:
    private = new_signing_jwk()
    signer = Ed25519Signer(private)
    raw = signer.sign(certificate(x.PROVEN, issue(signer=signer)))
    assert private["d"].encode() not in raw
    assert "d" not in signer.public_jwk


@pytest.mark.parametrize("document", [{"x": 1.5}, {"é": 1}, {"x": 2**53}, {"x": {1}}, {"x": ["\ud800"]}])
def test_what_has_no_canonical_form_is_refused(document: Json) -> None:
    with pytest.raises(NotCanonical):
        canonical(document)


@pytest.mark.parametrize("raw", [b"[]", b"{", b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1.0}', b"[" * 100_000])
def test_what_is_not_in_canonical_form_is_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonical):
        parse_canonical(raw)


def test_a_document_is_read_as_it_was_signed() -> None:
    document = {"a": ["ü", None, True, -1], "b": {"c": ""}}
    assert verified(SIGNER.sign(document), SIGNER.public_jwk) == document
