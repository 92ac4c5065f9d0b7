"""What amendments add to a certificate, and what is still open; part of nexoraz-verify."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from nexoraz.privacy.adapters.signatures import NotGenuine, verified
from nexoraz.privacy.domain.amendment import EPOCH_ENDED, FORMAT, KIND, RECORDS_ERASED, unbundled
from nexoraz.privacy.domain.canonical import Json, NotCanonical
from nexoraz.privacy.domain.certificate import file_digest
from nexoraz.privacy.verify.keys import key_for


def check_amendments(raw: bytes, certificate: Json, files: Sequence[bytes], keys: Sequence[Json]) -> list[Json]:
    """The amendments in `files` (each one, or a bundle), if they are genuine, all of this certificate, and without a
    gap from the first one on. Raises NotGenuine."""
    amendments: list[Json] = []
    before, after = file_digest(raw), certificate
    for file in _each(files):
        amendment = verified(file, key_for(file, keys))
        entry = _entry(amendment, file_digest(raw), certificate["number"])
        if (entry["place"], entry["follows"]) != (len(amendments) + 1, before):
            raise NotGenuine("the amendments are not all there in their order, each once")
        if amendment["number"] <= after["number"] or amendment["issued_at"] < after["issued_at"]:
            raise NotGenuine("an amendment claims to be older than what it follows")
        amendments.append(amendment)
        before, after = file_digest(file), amendment
    for problem in _contradictions(certificate, amendments):
        raise NotGenuine(problem)
    return amendments


def _each(files: Sequence[bytes]) -> Iterator[bytes]:
    for file in files:
        try:
            yield from unbundled(file)
        except NotCanonical as error:
            raise NotGenuine(f"an amendment: {error}") from error


def _entry(amendment: Json, sha256: str, number: int) -> Json:
    if amendment.get("kind") != KIND or amendment.get("format") != FORMAT:
        raise NotGenuine("it is signed, but it is not an amendment that this program knows")
    named = [entry for entry in amendment["certificates"] if entry["sha256"] == sha256]
    if len(named) != 1 or named[0]["number"] != number:
        raise NotGenuine("an amendment is for another certificate")
    return dict(named[0])


def _contradictions(certificate: Json, amendments: Sequence[Json]) -> Iterator[str]:
    """What no honest amendment says of this certificate."""
    by_name = {participant["participant"]: participant for participant in certificate["participants"]}
    for added in (amendment["adds"] for amendment in amendments):
        participant = by_name.get(added["participant"])
        if participant is None:
            yield "an amendment speaks of a service that took no part"
        elif added["what"] == EPOCH_ENDED:
            if added["epoch"] != participant["key_epoch"]:
                yield "an amendment speaks of a key epoch that the certificate does not name"
            elif _time(added["destroyed_at"]) < _time(participant["keys_destroyed_at"]):
                yield "a key epoch ended before the keys were destroyed that it is said to have wrapped"
        elif added["what"] != RECORDS_ERASED:
            yield "an amendment adds something that this program does not know"
    if any(kept < 0 for kept in kept_now(certificate, amendments).values()):
        yield "an amendment speaks of more records than were kept"


def kept_now(certificate: Json, amendments: Sequence[Json]) -> dict[tuple[str, str, str], int]:
    """How many records each service still keeps, by service, category and store."""
    kept: dict[tuple[str, str, str], int] = {}
    for participant in certificate["participants"]:
        for line in participant["lines"]:
            key = (participant["participant"], line["category"], line["store"])
            kept[key] = kept.get(key, 0) + line["retained"]
    for added in (amendment["adds"] for amendment in amendments if amendment["adds"]["what"] == RECORDS_ERASED):
        for line in added["lines"]:
            key = (added["participant"], line["category"], line["store"])
            kept[key] = kept.get(key, 0) - line["erased"]
    return kept


def explain_amendments(amendments: Sequence[Json]) -> list[str]:
    """A line for each thing that an amendment added."""
    lines = []
    for amendment in amendments:
        added = amendment["adds"]
        if added["what"] == EPOCH_ENDED:
            lines.append(
                f"  {added['participant']}: the key that had wrapped the data keys (epoch {added['epoch']}) was "
                f"destroyed at {added['destroyed_at']}; since {added['attested_at']} no copy of them opens anything, "
                "in no backup."
            )
        for line in added.get("lines", ()):
            lines.append(
                f"  {added['participant']}: {line['erased']} of {line['category']} in {line['store']}, which had been "
                f"kept, erased at {added['erased_at']}."
            )
    return lines


def still_open(certificate: Json, amendments: Sequence[Json]) -> list[str]:
    """What neither the certificate nor these amendments prove."""
    ended = {a["adds"]["participant"] for a in amendments if a["adds"]["what"] == EPOCH_ENDED}
    lines = [
        f"  {p['participant']}: that an old backup of the vault opens nothing. The keys are destroyed; the key that "
        f"had wrapped them (epoch {p['key_epoch']}) is not said to be, which ends with the epoch."
        for p in certificate["participants"]
        if p["participant"] not in ended
    ]
    kept = kept_now(certificate, amendments)
    lines += [f"  {name}: {n} of {category} in {store} are kept." for (name, category, store), n in kept.items() if n]
    return lines


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise NotGenuine(f"this is not a time: {text!r}") from error
