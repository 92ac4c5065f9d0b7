"""Amendments: what they add to a certificate, and that any change, gap or contradiction is found."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nexoraz.privacy import verify
from nexoraz.privacy.adapters.signatures import Ed25519Signer, NotGenuine, new_signing_jwk
from nexoraz.privacy.domain.amendment import (
    Addition,
    Amended,
    KeyEpochEnded,
    RecordsErased,
    amendment,
    bundle,
    unbundled,
)
from nexoraz.privacy.domain.canonical import Json, NotCanonical
from nexoraz.privacy.domain.certificate import Issue, certificate, file_digest
from nexoraz.privacy.domain.vocabulary import ReceiptLine
from services.privacy.tests import examples as x

SIGNER = Ed25519Signer(new_signing_jwk())
RETAINED = tuple(
    x.receipt_taken("billing", "partially-retained", retained=4)
    if getattr(getattr(event, "receipt", None), "participant", "") == "billing"
    else event
    for event in x.PROVEN
)


def issue(number: int, previous: str = "") -> Issue:
    return Issue(number, previous, x.NOW, "http://localhost:8080", SIGNER.public_jwk)


CERTIFICATE = SIGNER.sign(certificate(RETAINED, issue(7)))
ENDS = [KeyEpochEnded(name, 1, "2025-11-20T03:00:00Z", "2025-11-20T03:00:10Z") for name in sorted(x.FIVE)]
LATER = RecordsErased("billing", (ReceiptLine("user.contact", "billing.rows", 4, 4, 0, 0),), "2036-01-01T00:00:00Z")


def amended(*additions: Addition, of: bytes = CERTIFICATE) -> list[bytes]:
    """The files of amendments that say these things, one after the other; others' documents are between them."""
    files: list[bytes] = []
    for place, addition in enumerate(additions, start=1):
        follows = file_digest(files[-1] if files else of)
        named = [Amended(7, file_digest(of), place, follows), Amended(8, x.DIGEST, 1, x.DIGEST)]
        files.append(SIGNER.sign(amendment(addition, named, issue(10 * place, x.DIGEST))))
    return files


def check(files: list[bytes], raw: bytes = CERTIFICATE) -> list[Json]:
    keys = [SIGNER.public_jwk]
    return verify.check_amendments(raw, verify.check(raw, keys), files, keys)


def told(files: list[bytes]) -> str:
    return verify.explain(verify.check(CERTIFICATE), keys_given=True, amendments=check(files))


def test_without_amendments_it_says_what_is_not_proven_yet() -> None:
    text = told([])
    assert "NOT PROVEN YET" in text
    assert "assets: that an old backup of the vault opens nothing" in text
    assert "billing: 4 of user.contact in billing.rows are kept." in text
    assert "/v1/privacy/requests/" + x.REQUEST + "/certificate/amendments" in text


def test_the_end_of_an_epoch_says_since_when_no_copy_opens() -> None:
    text = told(amended(ENDS[0]))
    assert "assets: the key that had wrapped the data keys (epoch 1) was destroyed at 2025-11-20T03:00:00Z" in text
    assert "since 2025-11-20T03:00:10Z" in text
    assert "assets: that an old backup" not in text
    assert "render: that an old backup" in text


def test_when_everything_is_said_nothing_is_left_to_prove() -> None:
    text = told([bundle(amended(*ENDS, LATER))])
    assert "4 of user.contact in billing.rows, which had been kept, erased at 2036-01-01T00:00:00Z" in text
    assert "NOT PROVEN" not in text
    assert "Nothing is left to prove." in text


def test_a_part_of_what_was_kept_may_go_before_the_rest() -> None:
    some = replace(LATER, lines=(ReceiptLine("user.contact", "billing.rows", 1, 1, 0, 0),))
    assert "billing: 3 of user.contact in billing.rows are kept." in told(amended(some))


def test_every_changed_byte_of_an_amendment_is_found() -> None:
    raw, document = bundle(amended(LATER)), verify.check(CERTIFICATE)
    for n in range(len(raw)):
        for flip in (0x01, 0x20):
            changed = raw[:n] + bytes([raw[n] ^ flip]) + raw[n + 1 :]
            with pytest.raises(NotGenuine):
                verify.check_amendments(CERTIFICATE, document, [changed], [SIGNER.public_jwk])


@pytest.mark.parametrize(
    "order", [(1, 0, 2), (0, 2, 1), (2, 1, 0), (1, 2), (0, 2), (2,), (0, 0), (0, 1, 1), (0, 1, 2, 0), (0, 1, 2, 2)]
)
def test_amendments_that_are_reordered_dropped_or_given_twice_are_found(order: tuple[int, ...]) -> None:
    files = amended(*ENDS[:2], LATER)
    with pytest.raises(NotGenuine, match="order"):
        check([files[n] for n in order])
    with pytest.raises(NotGenuine, match="order"):
        check([bundle([files[n] for n in order])])


def test_leaving_out_the_last_ones_only_leaves_more_unproven() -> None:
    assert "NOT PROVEN YET" in told(amended(*ENDS, LATER)[:-1])


def test_the_amendments_of_another_certificate_are_found() -> None:
    other = SIGNER.sign(certificate(RETAINED, issue(8)))
    with pytest.raises(NotGenuine, match="another certificate"):
        check(amended(ENDS[0], of=other))


def test_an_amendment_signed_by_somebody_else_is_found_with_the_keys() -> None:
    stranger = Ed25519Signer(new_signing_jwk())
    theirs = Issue(10, "", x.NOW, "http://localhost:8080", stranger.public_jwk)
    digest = file_digest(CERTIFICATE)
    forged = stranger.sign(amendment(ENDS[0], [Amended(7, digest, 1, digest)], theirs))
    with pytest.raises(NotGenuine, match="not among the given keys"):
        check([forged])


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        (replace(ENDS[0], epoch=2), "key epoch that the certificate does not name"),
        (replace(ENDS[0], destroyed_at="2025-11-03T10:00:01Z"), "ended before the keys were destroyed"),
        (replace(ENDS[0], destroyed_at="soon"), "not a time"),
        (replace(ENDS[0], participant="gallery"), "took no part"),
        (replace(LATER, lines=(ReceiptLine("user.contact", "billing.rows", 5, 5, 0, 0),)), "more records than"),
        (replace(LATER, lines=(ReceiptLine("user.name", "billing.rows", 1, 1, 0, 0),)), "more records than"),
    ],
)
def test_what_contradicts_the_certificate_is_found_however_well_it_is_signed(lie: Addition, found: str) -> None:
    with pytest.raises(NotGenuine, match=found):
        check(amended(lie))


def test_an_amendment_may_not_be_older_than_what_it_follows() -> None:
    digest = file_digest(CERTIFICATE)
    early = SIGNER.sign(amendment(ENDS[0], [Amended(7, digest, 1, digest)], issue(6)))
    with pytest.raises(NotGenuine, match="older"):
        check([early])


def test_other_signed_documents_are_no_amendments() -> None:
    with pytest.raises(NotGenuine, match="not an amendment"):
        check([CERTIFICATE])


@pytest.mark.parametrize("raw", [b'{"amendments":[1]}', b'{"amendments": []}', b"[]", b""])
def test_what_is_no_list_of_amendments_is_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonical):
        unbundled(raw)
    with pytest.raises(NotGenuine):
        check([raw])


def test_a_certificate_may_follow_an_amendment_in_the_chain() -> None:
    before = amended(ENDS[0])[0]
    after = SIGNER.sign(certificate(x.PROVEN, issue(11, file_digest(before))))
    assert verify.check(after, previous=before)["number"] == 11


def test_the_command_line_takes_amendments_and_says_whether_anything_is_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, keys, all_ = tmp_path / "certificate.json", tmp_path / "keys.json", tmp_path / "amendments.json"
    file.write_bytes(CERTIFICATE)
    keys.write_text(json.dumps({"keys": [SIGNER.public_jwk]}))
    files = amended(*ENDS, LATER)
    arguments = [str(file), "--keys", str(keys), "--complete"]
    assert verify.main(arguments) == verify.OPEN
    all_.write_bytes(bundle(files))
    assert verify.main([str(file), str(all_), *arguments[1:]]) == verify.GENUINE
    assert "Nothing is left to prove." in capsys.readouterr().out
    all_.write_bytes(bundle(files[1:]))
    assert verify.main([str(file), str(all_), *arguments[1:]]) == verify.NOT_GENUINE
    assert "NOT GENUINE" in capsys.readouterr().out
