"""What is kept of the caller, why and until when (clause C5)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine

from nexoraz.billing.web.schemas import KeptList
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated


def kept_blueprint(engine: Engine, kept_of: Callable[[Connection, str], Sequence[Any]]) -> Blueprint:
    kept = Blueprint("kept", __name__, url_prefix="/kept", description="What is kept of a person")

    @kept.route("", methods=["GET"])
    @authenticated
    @kept.response(200, KeptList)
    def listed(*, caller: Caller) -> dict[str, Any]:
        """What billing keeps of you, why, and what of it would stay after an erasure, until when."""
        with engine.connect() as connection:
            return {"items": [asdict(each) for each in kept_of(connection, caller.account_id)]}

    return kept
