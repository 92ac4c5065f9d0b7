"""Whether the caller's photos may train models: for the account, and for each photo."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response

from nexoraz.assets.application.training import TrainingChoices
from nexoraz.assets.domain.training import TEXT, WHOLE_ACCOUNT, WORDING
from nexoraz.assets.projections.training import TrainingRecords
from nexoraz.assets.web.album import Album
from nexoraz.assets.web.schemas import TrainingChoice, TrainingView
from nexoraz.events.store import VersionConflict
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated
from nexoraz.service.etags import needs_if_match, require_if_match, with_etag
from nexoraz.service.problems import Problem

_VIEW = TrainingView()


def training_blueprint(album: Album, records: TrainingRecords, choices: TrainingChoices) -> Blueprint:
    training = Blueprint("training", __name__, url_prefix="", description="Whether photos may train models")

    def shown(account_id: str, photo_id: str) -> Response:
        with album.engine.connect() as connection:
            choice = records.choice(connection, account_id, photo_id)
            held = records.held(connection, account_id, photo_id)
        manifests = [asdict(each) for each in held]
        view = _VIEW.dump({**asdict(choice), "wording": WORDING, "text": TEXT, "manifests": manifests})
        return with_etag(view, choice.version)

    def chosen(account_id: str, photo_id: str, allowed: bool) -> Response:
        with album.engine.connect() as connection:
            seen = records.choice(connection, account_id, photo_id).version
        require_if_match(seen)
        try:
            with album.store.transaction() as tx:
                choices.choose(tx, account_id, photo_id, seen, allowed)
        except VersionConflict as conflict:
            raise Problem("version-changed", 412, "It was changed in the meantime") from conflict
        return shown(account_id, photo_id)

    @training.route("/training", methods=["GET"])
    @authenticated
    @training.response(200, TrainingView)
    def account(*, caller: Caller) -> Response:
        """Whether any photo may train models (no, unless chosen), and which manifests and models held the caller's."""
        return shown(caller.account_id, WHOLE_ACCOUNT)

    @training.route("/training", methods=["PUT"])
    @authenticated
    @needs_if_match
    @training.arguments(TrainingChoice)
    @training.response(200, TrainingView)
    def choose_for_account(body: dict[str, Any], *, caller: Caller) -> Response:
        """Say yes or no for the account. A yes concerns the photos only that are chosen themselves; a no, all."""
        return chosen(caller.account_id, WHOLE_ACCOUNT, body["allowed"])

    @training.route("/photos/<uuid:photo_id>/training", methods=["GET"])
    @authenticated
    @training.response(200, TrainingView)
    def photo(photo_id: UUID, *, caller: Caller) -> Response:
        """Whether this photo may train models, and which manifests and models held it."""
        return shown(caller.account_id, album.one(album.gallery.find, caller.account_id, str(photo_id)).id)

    @training.route("/photos/<uuid:photo_id>/training", methods=["PUT"])
    @authenticated
    @needs_if_match
    @training.arguments(TrainingChoice)
    @training.response(200, TrainingView)
    def choose_for_photo(body: dict[str, Any], photo_id: UUID, *, caller: Caller) -> Response:
        """Say yes or no for one photo. A no names the manifests and models that held it; no later manifest does."""
        kept = album.one(album.gallery.find, caller.account_id, str(photo_id))
        return chosen(caller.account_id, kept.id, body["allowed"])

    return training
