"""The versions of the policy, their differences, and what an account was told of them (clause X3)."""

import difflib
from collections.abc import Mapping
from typing import Any

from nexoraz.events.store import Transaction, repeated
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.domain.policy import VERSIONS, PolicyVersion
from nexoraz.privacy.domain.policy_change import Channel, Told
from nexoraz.privacy.web.audited import audited
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.policy_schemas import (
    Announcement,
    DifferenceArgs,
    NoticeList,
    PolicyDifference,
    PolicyText,
    PolicyVersions,
)
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.problems import not_found

KNOWN = {version.version: version for version in VERSIONS}


def policy_blueprint(desk: Desk, texts: Mapping[str, str]) -> Blueprint:
    """texts: of every version, by version."""
    policy = Blueprint("policy", __name__, url_prefix="/policy", description="Versions of the policy")

    @policy.route("/versions", methods=["GET"])
    @policy.response(200, PolicyVersions)
    def versions() -> dict[str, Any]:
        """Every version that there was, newest first."""
        return {"items": list(reversed(VERSIONS))}

    @policy.route("/versions/<version>", methods=["GET"])
    @policy.response(200, PolicyText)
    @policy.alt_response(404, "NOT_FOUND")
    def one(version: str) -> dict[str, Any]:
        """The text of one version."""
        found = _known(version)
        return {"version": found.version, "in_force_from": found.in_force_from, "text": texts[found.version]}

    @policy.route("/difference", methods=["GET"])
    @policy.arguments(DifferenceArgs, location="query")
    @policy.response(200, PolicyDifference)
    @policy.alt_response(404, "NOT_FOUND")
    def difference(args: dict[str, Any]) -> dict[str, Any]:
        """What changed between two versions, line by line, as a unified difference."""
        old, new = _known(args["old"]).version, _known(args["new"]).version
        lines = difflib.unified_diff(texts[old].splitlines(), texts[new].splitlines(), old, new, lineterm="")
        return {"old": old, "new": new, "lines": list(lines)}

    @policy.route("/notices", methods=["GET"])
    @authenticated
    @policy.response(200, NoticeList)
    def notices(*, caller: Caller) -> dict[str, Any]:
        """Changes that the account is told of: to be shown in the app. That they were shown is recorded once."""

        def work(tx: Transaction) -> list[dict[str, Any]]:
            announced = desk.policy_changes.announced(tx)
            for version in announced:
                desk.policy_changes.tell(tx, caller.account_id, version.version, Channel.APP)
            told = desk.policy_changes.told(tx, caller.account_id)
            return [_notice(version, told) for version in reversed(announced)]

        return {"items": repeated(desk.store, work)}

    return policy


def add_policy_notice(admin: Blueprint, desk: Desk) -> Blueprint:
    """Add the operators' route that has a change told."""

    @admin.route("/policy/<version>/notice", methods=["POST"])
    @audited(desk, "announce-policy")
    @admin.response(202, Announcement)
    @admin.alt_response(404, "NOT_FOUND")
    def announce(version: str, *, tx: Transaction, look: Look) -> dict[str, Any]:
        """Have every account told of a material change, once: in the app and by mail. Repeated, it changes nothing."""
        del look  # concerns everybody
        found = _known(version)
        if not found.material:
            raise not_found()
        return {"version": found.version, "announced_at": desk.policy_changes.announce(tx, found)}

    return admin


def _known(version: str) -> PolicyVersion:
    if version not in KNOWN:
        raise not_found()
    return KNOWN[version]


def _notice(version: PolicyVersion, told: Told) -> dict[str, Any]:
    accepted = told.accepted.get(version.version)
    ways = told.told.get(version.version, {})
    return {
        "version": version.version,
        "summary": version.summary,
        "told": [{"how": how, "at": at} for how, at in sorted(ways.items(), key=lambda way: way[1])],
        "accepted_at": accepted.at if accepted else None,
        "accepted_by": accepted.by if accepted else None,
    }
