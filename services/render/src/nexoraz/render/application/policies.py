"""What render does when billing answers. One transaction with the consumer's position, database only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.store import Transaction, execute
from nexoraz.render.application.ports import Tasks
from nexoraz.render.application.run_render import RENDER
from nexoraz.render.domain.commands import AdmitRender, FailRender
from nexoraz.render.domain.job import JOB, JobUnknown, job_stream

OUT_OF_CREDITS = "credits-exhausted"


@dataclass(frozen=True, slots=True)
class Policies:
    """A job that is not known here was lost with a database: nobody waits for it, so billing's answer is passed."""

    tasks: Tasks
    clock: Callable[[], datetime]

    def run_render_on_credits_reserved(self, tx: Transaction, account_id: str, job_id: str) -> None:
        try:
            execute(tx, JOB, job_stream(job_id, account_id), AdmitRender(job_id, self.clock()))
        except JobUnknown:
            return
        self.tasks.enqueue(tx, RENDER, job_id, {}, account_id=account_id)

    def fail_render_on_credits_refused(self, tx: Transaction, account_id: str, job_id: str) -> None:
        try:
            execute(tx, JOB, job_stream(job_id, account_id), FailRender(job_id, OUT_OF_CREDITS, self.clock()))
        except JobUnknown:
            return
