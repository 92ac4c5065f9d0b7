"""What each clause of the policy asks of the software, point by point. It works when all of its points are shown."""

from dataclasses import dataclass

POINTS: dict[str, tuple[str, ...]] = {
    "C1": (
        "registration",
        "verified email",
        "password kept by argon2id",
        "sign-in by OpenID Connect",
        "sign-in by passkey",
        "sign-out",
        "sessions listed and revoked",
        "name optional",
        "plan and credits in the profile",
    ),
    "C2": ("usage within consent", "address cut", "place by an embedded database", "browser by family and version"),
    "C3": (
        "type by content",
        "metadata removed",
        "gallery with thumbnails",
        "cursor paging",
        "tags",
        "history of a photo",
        "download with ranges",
        "zip of a selection",
    ),
    "C4": (
        "session cookie only",
        "consent by purpose and version",
        "refusal as easy as acceptance",
        "Sec-GPC honoured",
        "gpc.json",
    ),
    "C5": (
        "credits by PaymentIntent",
        "plans by subscription",
        "webhook once in effect",
        "refunds",
        "no card data",
        "what is kept is listed",
    ),
    "U1": ("cut-out", "studio scene", "marketplace preset", "batch", "progress", "search"),
    "U2": ("support by mail", "alert of a new device", "alert of a changed credential", "policy changes told"),
    "U3": (
        "limits across processes",
        "RateLimit headers",
        "sign-in throttled",
        "suspicious payments held",
        "upload bombs refused",
    ),
    "U4": ("totals without accounts", "small groups suppressed", "unchanged by an erasure"),
    "U5": ("opt-in, off by default", "manifest of the opted-in only"),
    "R1": ("a rule for every category", "a job applies the rules", "billing pseudonymous for its term"),
    "R2": ("erasure to the certificate", "legal exceptions told"),
    "S1": (
        "encrypted at rest",
        "least privilege",
        "operators leave a trace",
        "security headers",
        "secrets in no log",
    ),
    "K1": ("age by country", "nothing kept below it"),
    "RT1": ("profile with ETags", "history of changes", "correction by support", "full export"),
    "RT2": ("erasure on request", "certificate checked offline"),
    "RT3": ("preferences at any time", "without an account"),
    "RT4": ("one click", "without sign-in", "reading changes nothing", "suppression survives erasure"),
    "RT5": ("opting out leaves the next manifest", "manifests and models named"),
    "X1": ("register of processors", "region obeyed"),
    "X2": ("links listed", "no third-party request"),
    "X3": ("versions and differences", "told once on record", "acceptance recorded"),
    "X4": ("support address and form", "becomes a tracked request"),
    "I1": ("OpenDSR 2.0", "Data Rights Protocol 1.0", "consent receipts", "record of processing exported"),
}
"""In the order of the policy; the ids are those that GET /v1/privacy/policy serves, and I1 for interoperation."""


@dataclass(frozen=True, slots=True)
class Row:
    """A clause and what was seen of it. shown: evidence by point; failed: points whose test failed."""

    clause: str
    shown: dict[str, str]
    failed: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Points for which there is no passing test."""
        return tuple(point for point in POINTS[self.clause] if point not in self.shown)

    @property
    def works(self) -> bool:
        return not self.missing and not self.failed


def table(rows: list[Row]) -> list[str]:
    """Lines for people: the state of each clause, and below it the evidence of each point."""
    lines = []
    for row in rows:
        state = "works" if row.works else "FAILING"
        lines.append(f"{row.clause:4} {state:8} {len(row.shown)} of {len(POINTS[row.clause])} points shown")
        for point in POINTS[row.clause]:
            lines.append(f"       {_mark(row, point)} {point}{': ' + row.shown[point] if point in row.shown else ''}")
    works = sum(row.works for row in rows)
    points = sum(len(row.shown) for row in rows)
    total = sum(map(len, POINTS.values()))
    return [*lines, f"{works} of {len(rows)} clauses work; {points} of {total} points are shown"]


def _mark(row: Row, point: str) -> str:
    if point in row.failed:
        return "broken "
    return "shown  " if point in row.shown else "missing"
