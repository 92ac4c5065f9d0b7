"""The policy, clause by clause, and what makes each one true. The text lies in policy/<version>.md."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version. material: it changes what people can expect, so every account is told of it."""

    version: str
    in_force_from: date
    material: bool
    summary: str


VERSIONS = (
    PolicyVersion("2025-10-15", date(2025, 10, 15), False, "The first version."),
    PolicyVersion(
        "2026-11-22",
        date(2026, 11, 22),
        True,
        "What you allow can be changed without an account too, each choice has a signed receipt, and a browser that "
        "sends Global Privacy Control has said no for you.",
    ),
)
"""In their order. A version whose text lies in policy/ is never edited; a change is a new version."""
POLICY_VERSION = VERSIONS[-1].version


@dataclass(frozen=True, slots=True)
class Clause:
    """A promise of the policy in short, and how one can tell that it is kept."""

    id: str
    says: str
    works_when: str


CLAUSES = (
    Clause(
        "C1",
        "Account data: email, optional name, sign-in identifiers, plan, credits",
        "You can register, verify your address, sign in and out and revoke sessions; a name is optional; "
        "plan and credits are shown from billing's own books",
    ),
    Clause(
        "C2",
        "Usage data: pages, actions, device, browser, approximate location",
        "Usage is recorded within your consent only; network addresses are cut before they are stored; "
        "of the browser only family and version are kept",
    ),
    Clause(
        "C3",
        "Uploads and outputs for gallery, history and downloads",
        "Files are recognised by content, their location metadata is removed, and they can be listed and downloaded",
    ),
    Clause(
        "C4",
        "Essential cookies; analytics cookies are optional",
        "Before consent only the session cookie is set; refusing is as easy as agreeing; Sec-GPC is honoured",
    ),
    Clause(
        "C5",
        "A provider handles payments; only necessary records are kept",
        "No card data is ever stored; every kept record is listed; a payment has its effect exactly once",
    ),
    Clause(
        "U1",
        "Rendering, downloads, search, account features",
        "A real engine makes the pictures, shows its progress, and what you own can be found and fetched",
    ),
    Clause(
        "U2",
        "Support, changes, security alerts, updates",
        "Messages to support are answered by mail; a new device or changed credential is reported to you",
    ),
    Clause(
        "U3",
        "Rules, abuse, reliability",
        "Rate limits hold across processes; sign-in is throttled; suspicious payments are held for review",
    ),
    Clause(
        "U4",
        "Analytics are aggregated or de-identified",
        "Totals carry no account, small groups are suppressed, and an erasure cannot be read from them",
    ),
    Clause(
        "U5",
        "No training on private uploads without opt-in",
        "The opt-in is per account and photo and off by default; the training manifest lists opted-in photos only",
    ),
    Clause(
        "R1",
        "Kept as long as needed, or as the law says",
        "Every category has a retention rule with its basis, which a job executes and reports",
    ),
    Clause(
        "R2",
        "Deletion of account and data, with legal exceptions",
        "Every service confirms its erasure, a second look finds nothing, and a signed certificate says so",
    ),
    Clause(
        "S1",
        "Reasonable safeguards",
        "Personal data is encrypted under keys of the account; rights are least-privilege; operators leave a trace",
    ),
    Clause(
        "K1",
        "Not for children below the age of consent",
        "The age is checked by country at registration, and below it nothing is kept",
    ),
    Clause(
        "RT1",
        "Access and update",
        "The profile can be read and changed; a request for access delivers everything that is held",
    ),
    Clause(
        "RT2",
        "Deletion on request",
        "The protocol of R2 runs to its certificate, which can be checked without our help",
    ),
    Clause(
        "RT3",
        "Control over cookies",
        "Preferences can be read and changed at any time, without an account too",
    ),
    Clause(
        "RT4",
        "Opt out of non-essential mail",
        "Each such mail carries a one-click link (RFC 8058) that works without sign-in",
    ),
    Clause(
        "RT5",
        "Opt in and out of training",
        "Opting out leaves the next manifest and names the manifests and models that held the photo",
    ),
    Clause(
        "X1",
        "Processing in other countries, with safeguards",
        "A register lists processors, countries and safeguards; an account's region decides where its data lies",
    ),
    Clause(
        "X2",
        "Links to other services",
        "Outgoing links and processors are listed; our own pages make no request to third parties",
    ),
    Clause(
        "X3",
        "Changes of the policy",
        "Versions and their differences are kept; a material change is told to each account once, on record",
    ),
    Clause(
        "X4",
        "Questions and requests to support",
        "A request by mail or form becomes a tracked request",
    ),
)
"""In the order of the policy."""
