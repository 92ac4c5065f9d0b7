"""How much of the plan is used."""

from typing import Any

from sqlalchemy import Engine

from nexoraz.assets.domain.quota import allowed
from nexoraz.assets.projections.quotas import Quotas
from nexoraz.assets.web.schemas import UsageView
from nexoraz.service.app import Blueprint
from nexoraz.service.auth import Caller, authenticated


def usage_blueprint(engine: Engine, quotas: Quotas) -> Blueprint:
    usage = Blueprint("usage", __name__, url_prefix="/usage", description="What is kept, and what the plan allows")

    @usage.route("", methods=["GET"])
    @authenticated
    @usage.response(200, UsageView)
    def used(*, caller: Caller) -> dict[str, Any]:
        """Photos and bytes that are kept, in the bin too, beside what the plan allows."""
        with engine.connect() as connection:
            plan = quotas.plan(connection, caller.account_id)
            kept, most = quotas.used(connection, caller.account_id), allowed(plan)
        return {
            "plan": plan,
            "photos": {"used": kept.photos, "allowed": most.photos},
            "bytes": {"used": kept.bytes, "allowed": most.bytes},
        }

    return usage
