"""`python -m nexoraz.billing reconcile`: every difference between our records and Stripe's, one line of JSON each.

Nothing is repaired: what is missing here is either settled by its webhook's repetition or needs somebody to look.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, case, func, select

from nexoraz.billing.domain.reconciliation import Drift, PaymentRecord, Records, drifts
from nexoraz.billing.projections.tables import PURCHASES, REFUNDS, SUBSCRIPTIONS
from nexoraz.service import logging as logs

MINUTES = 15
"""Payments younger than this may be known to one side only."""
LIVING = ("incomplete", "active", "past_due", "grace")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may follow `reconcile`."""
    told = f"leave out what is younger, its news may be on its way ({MINUTES})"
    parser.add_argument("--older-than-minutes", type=int, default=MINUTES, metavar="N", help=told)


def own_records(connection: Connection, before: datetime) -> Records:
    """What was paid, given back and is subscribed to, as billing recorded it."""
    given = func.coalesce(func.sum(case((REFUNDS.c.state == "paid", REFUNDS.c.amount), else_=0)), 0)
    joined = PURCHASES.outerjoin(REFUNDS, REFUNDS.c.purchase_id == PURCHASES.c.id)
    paid = select(PURCHASES.c.payment_intent, PURCHASES.c.amount, given).select_from(joined)
    paid = paid.where(PURCHASES.c.state == "paid", PURCHASES.c.started_at <= before)
    rows = connection.execute(paid.group_by(PURCHASES.c.payment_intent, PURCHASES.c.amount)).all()
    living = select(SUBSCRIPTIONS.c.subscription, SUBSCRIPTIONS.c.next_plan)
    plans = connection.execute(living.where(SUBSCRIPTIONS.c.state.in_(LIVING))).all()
    payments = {intent: PaymentRecord(amount, int(refunded)) for intent, amount, refunded in rows}
    return Records(payments, {each.subscription: each.next_plan for each in plans})


def reconcile(connection: Connection, theirs: Callable[[datetime], Records], arguments: argparse.Namespace) -> int:
    """The exit status: 0 nothing differs, 1 something does. The counts go to the log besides, for an alert."""
    before = datetime.now(UTC) - timedelta(minutes=arguments.older_than_minutes)
    there = theirs(before)  # first, so that what is settled meanwhile is missing nowhere
    here = own_records(connection, before)
    found = drifts(here, there)
    for drift in found:
        sys.stdout.write(json.dumps(asdict(drift)) + "\n")
    sys.stdout.write(_summary(found, here) + "\n")
    if found:
        logs.get_logger().warning("our records differ from Stripe's", left=len(found))
    return 1 if found else 0


def _summary(found: list[Drift], here: Records) -> str:
    return f"{len(here.payments)} payments, {len(here.plans)} living subscriptions, {len(found)} differences"
