"""One's own account (clause RT1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.events.store import VersionConflict
from nexoraz.identity.application.history import History
from nexoraz.identity.application.profiles import Profile, Profiles
from nexoraz.identity.web.schemas import Change as ChangeView
from nexoraz.identity.web.schemas import Profile as ProfileView
from nexoraz.identity.web.schemas import ProfileChange
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.etags import needs_if_match, not_modified, require_if_match, with_etag
from nexoraz.service.paging import PageArgs, page, page_schema, read_cursor
from nexoraz.service.problems import Problem, not_found


def profile_blueprint(profiles: Profiles, history: History) -> Blueprint:
    profile = Blueprint("profile", __name__, url_prefix="/profile", description="One's own account")

    @profile.route("", methods=["GET"])
    @authenticated
    @profile.response(200, ProfileView)
    def shown(*, caller: Caller) -> Response:
        """The account of the caller."""
        with profiles.store.transaction() as tx:
            found = _found(profiles.find(tx, caller.account_id))
        return not_modified(found.version) or with_etag(ProfileView().dump(found), found.version)

    @profile.route("", methods=["PATCH"])
    @authenticated
    @needs_if_match
    @profile.arguments(ProfileChange)
    @profile.response(200, ProfileView)
    def changed(body: dict[str, Any], *, caller: Caller) -> Response:
        """Change the name, or remove it with null."""
        try:
            with profiles.store.transaction() as tx:
                seen = _found(profiles.find(tx, caller.account_id)).version
                require_if_match(seen)
                renamed = _found(profiles.rename(tx, caller.account_id, seen, body["name"]))
        except VersionConflict as faster:
            raise Problem("version-changed", 412, "It was changed in the meantime") from faster
        return with_etag(ProfileView().dump(renamed), renamed.version)

    @profile.route("/history", methods=["GET"])
    @authenticated
    @profile.arguments(PageArgs, location="query")
    @profile.response(200, page_schema(ChangeView))
    def changes(args: dict[str, Any], *, caller: Caller) -> dict[str, Any]:
        """What was changed of the account, newest first."""
        after = read_cursor(args["cursor"], datetime, UUID)
        rows = history.of(caller.account_id, after, args["limit"] + 1)
        return page(rows, args["limit"], key=lambda row: (row.at, row.id))

    return profile


def _found(profile: Profile | None) -> Profile:
    if profile is None:
        raise not_found()
    return profile
