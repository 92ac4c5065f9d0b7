"""Where render holds what about an account: the declarations behind erasure, export and the data map."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from nexoraz.events.access import access_holdings
from nexoraz.events.declarations import FileName, Holding, ObjectHolding, TableHolding
from nexoraz.events.objects import Objects
from nexoraz.render.adapters.sealed_outputs import OUTPUTS
from nexoraz.render.projections.jobs import output_name
from nexoraz.render.projections.tables import ALLOWANCES, AUTH, IDEMPOTENCY, JOBS, PHOTOS


def held(objects: Objects) -> Sequence[Holding]:
    return [
        TableHolding(JOBS, category="user.behavior"),
        TableHolding(PHOTOS, category="user.content.private", present=None, reason="assets exports the photos"),
        ObjectHolding(objects, OUTPUTS, describe=_names),
        *access_holdings(IDEMPOTENCY, AUTH.revocations, ALLOWANCES, AUTH.verification_keys),
    ]


def _names(connection: Connection, account_id: str) -> dict[str, FileName]:
    query = select(JOBS.c.output_id, JOBS.c.preset, JOBS.c.media_type).where(JOBS.c.account_id == account_id)
    rows = connection.execute(query.where(JOBS.c.output_id.is_not(None)))
    return {
        row.output_id: FileName(output_name(row.preset, row.output_id, row.media_type), row.media_type) for row in rows
    }
