"""What a certificate proves; part of nexoraz-verify."""

from collections.abc import Sequence

from nexoraz.privacy.adapters.signatures import NotGenuine, verified
from nexoraz.privacy.domain.canonical import Json
from nexoraz.privacy.domain.certificate import FORMAT, KIND, file_digest
from nexoraz.privacy.domain.vocabulary import DONE, State
from nexoraz.privacy.verify.amendments import explain_amendments, still_open
from nexoraz.privacy.verify.keys import key_for


def check(raw: bytes, keys: Sequence[Json] = (), previous: bytes | None = None) -> Json:
    """The certificate, if it is genuine, complete and follows `previous`. Raises NotGenuine.

    Without `keys` the certificate is checked against the key that it names itself, which shows that nothing was
    changed, but not who signed.
    """
    certificate = verified(raw, key_for(raw, keys))
    if certificate.get("kind") != KIND or certificate.get("format") != FORMAT:
        raise NotGenuine("it is signed, but it is not an erasure certificate that this program knows")
    problems = [*_gaps(certificate), *_breaks(certificate, previous)]
    if problems:
        raise NotGenuine("; ".join(problems))
    return certificate


def _gaps(certificate: Json) -> list[str]:
    """What the certificate would have to say and does not: a signature does not make an incomplete proof complete."""
    participants, totals = certificate["participants"], certificate["totals"]
    asked: list[str] = next((step["participants"] for step in certificate["steps"] if step["step"] == "started"), [])
    found = []
    if not participants or sorted(asked) != sorted(p["participant"] for p in participants):
        found.append("not every service that takes part has answered")
    if any(p["outcome"] not in DONE or any(line["left"] for line in p["lines"]) for p in participants):
        found.append("a service did not confirm its erasure")
    if totals["residue"] or any(p["scan"]["residue"] for p in participants):
        found.append("the second look found something left")
    lines = [line for p in participants for line in p["lines"]]
    if any(totals[kind] != sum(line[kind] for line in lines) for kind in ("erased", "retained")):
        found.append("the totals are not the sums of the lines")
    return found


def _breaks(certificate: Json, previous: bytes | None) -> list[str]:
    if previous is None:
        return []
    if certificate["previous_sha256"] != file_digest(previous):
        return ["it does not follow the given older certificate: the chain is broken"]
    return []


def explain(certificate: Json, keys_given: bool, amendments: Sequence[Json] = ()) -> str:
    """What a genuine certificate proves with its amendments, and what is not proven yet, for a person."""
    asked, totals = certificate["request"], certificate["totals"]
    ended = "everything was erased"
    if asked["outcome"] == State.PARTIALLY_RETAINED:
        ended = f"erased, except {totals['retained']} records kept for the reasons below"
    chain = certificate["previous_sha256"]
    lines = [
        f"GENUINE. Erasure certificate number {certificate['number']}, issued {certificate['issued_at']}.",
        f"Request {asked['id']} for the account with the pseudonym {asked['account_id']}: {ended}.",
        f"Policy version {asked['policy_version']}. The steps:",
        *(f"  {step['at']}  {step['step']}{_named(step)}" for step in certificate["steps"]),
        "What each service says, and what a second, independent look at its stores found:",
        *(line for participant in certificate["participants"] for line in _participant(participant)),
        f"In total {totals['erased']} erased, {totals['retained']} kept, {totals['bus_purged']} messages purged.",
        f"It follows the document with the sha256 {chain}." if chain else "It is the first of its chain.",
        f"Signed with the key {certificate['key']['kid']}"
        + (", one of the keys that you gave." if keys_given else "."),
    ]
    added, open_ = explain_amendments(amendments), still_open(certificate, amendments)
    if added:
        lines += [f"Since then, by {len(amendments)} amendments, all genuine and without a gap:", *added]
    if open_:
        where = f"{certificate['issuer']}/v1/privacy/requests/{asked['id']}/certificate/amendments"
        lines += ["NOT PROVEN YET:", *open_, f"  What was added since is served at {where}."]
    else:
        lines.append("Nothing is left to prove.")
    if not keys_given:
        lines.append(
            "You gave no keys, so this shows that nothing was changed since, not who signed. "
            f"Nexoraz's keys are served at {certificate['issuer']}/v1/privacy/keys (use --keys)."
        )
    return "\n".join(lines)


def _named(step: Json) -> str:
    return f": {', '.join(step['participants'])}" if "participants" in step else ""


def _participant(participant: Json) -> list[str]:
    count, at = participant["keys_destroyed"], participant["keys_destroyed_at"]
    destroyed = f"{count} keys destroyed at {at} (key epoch {participant['key_epoch']})"
    told = f"  {participant['participant']}: {participant['outcome']}; {destroyed}; the second look found nothing"
    kept = [
        f"    kept: {line['retained']} of {line['category']} in {line['store']}, {line['basis']}, until {line['until']}"
        for line in participant["lines"]
        if line["retained"]
    ]
    erased = [
        f"    erased: {line['erased']} of {line['category']} in {line['store']}"
        for line in participant["lines"]
        if line["erased"]
    ]
    return [told, *erased, *kept]
