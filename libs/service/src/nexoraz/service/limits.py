"""Where requests are counted: every one of them once, and what is dear a second time by its own quota (clause U3)."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g, request

from nexoraz.service.allowances import ACCOUNT, ADDRESS, Allowances, Quota
from nexoraz.service.auth import Authenticator
from nexoraz.service.client import client_address
from nexoraz.service.documentation import document
from nexoraz.service.exchange import note_standing

P = ParamSpec("P")
R = TypeVar("R")


def install_limits(
    app: Flask, allowances: Allowances, authenticator: Authenticator | None, exempt: frozenset[str]
) -> None:
    """Count every request of `app` but those to the endpoints in `exempt`."""
    app.extensions["nexoraz.allowances"] = allowances

    def count() -> None:
        if request.endpoint in exempt:
            return
        account_id = authenticator.recognised() if authenticator else None
        if account_id:
            _take(ACCOUNT, account_id)
        else:
            _take(ADDRESS, client_address())

    app.before_request(count)


def limited(quota: Quota) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Count the requests to this view by a quota of their own. Stands below `@authenticated`, where there is one."""

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            caller = g.get("caller")
            _take(quota, caller.account_id if caller else client_address())
            return view(*args, **kwargs)

        document(counted, refusals=["TOO_MANY_REQUESTS"])
        return counted

    return decorate


def _take(quota: Quota, subject: str) -> None:
    allowances: Allowances | None = current_app.extensions.get("nexoraz.allowances")
    if allowances is None:
        return
    standing = allowances.take(quota, subject)
    note_standing(standing)
    if not standing.admitted:
        raise standing.refusal()
