"""The guard of every route for operators: nothing is shown before the look is recorded, in one transaction."""

import functools
from collections.abc import Callable
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from nexoraz.events.decider import Refused
from nexoraz.events.store import Transaction, repeated
from nexoraz.privacy.application.oversight import Look
from nexoraz.privacy.domain.oversight import Purpose
from nexoraz.privacy.web.desk import Desk
from nexoraz.service.auth import Caller, operator
from nexoraz.service.documentation import document
from nexoraz.service.problems import Problem

HEADER = "Nexoraz-Purpose"
PURPOSES = [purpose.value for purpose in Purpose]
_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "Why you look; recorded, and shown to the person whom it concerns",
    "schema": {"type": "string", "enum": PURPOSES},
    "example": Purpose.REQUEST_HANDLING.value,
}
View = Callable[..., ResponseReturnValue]


def audited(desk: Desk, action: str) -> Callable[[View], View]:
    """For operators only. The view gets `tx` and `look`, and says in `look` whom it concerns; what it answers is sent
    once the fact has been committed with what it did. A refusal by a rule is recorded too, and rolls back the rest."""

    def wrap(view: View) -> View:
        @operator
        @functools.wraps(view)
        def guarded(*args: Any, caller: Caller, **kwargs: Any) -> ResponseReturnValue:
            look = Look(caller.account_id, action, _purpose())

            def work(tx: Transaction) -> ResponseReturnValue:
                answer = view(*args, tx=tx, look=look, **kwargs)
                desk.oversight.record(tx, look)
                return answer

            try:
                return repeated(desk.store, work)
            except (Problem, Refused):
                with desk.store.transaction() as tx:
                    desk.oversight.record(tx, look, refused=True)
                raise

        document(guarded, refusals=["BAD_REQUEST"], headers=[_PARAMETER])
        return guarded

    return wrap


def _purpose() -> Purpose:
    given = request.headers.get(HEADER, "")
    if given not in PURPOSES:
        title = f"Say why you look, in {HEADER}"
        raise Problem("purpose-required", 400, title, extensions={"purposes": PURPOSES})
    return Purpose(given)
