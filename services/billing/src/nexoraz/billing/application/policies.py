"""What billing does when render tells it something. One transaction with the consumer's position, database only."""

from nexoraz.billing.domain.credits import (
    CREDITS,
    Command,
    ReleaseCredits,
    ReserveCredits,
    SpendCredits,
    credits_stream,
)
from nexoraz.events.store import Transaction, execute


def reserve_credits_on_render_requested(tx: Transaction, account_id: str, job_id: str, credits: int) -> None:
    """Answers every request: reserved, or refused with the facts."""
    _on_credits(tx, ReserveCredits(account_id, job_id, credits))


def spend_credits_on_render_completed(tx: Transaction, account_id: str, job_id: str) -> None:
    _on_credits(tx, SpendCredits(account_id, job_id))


def release_credits_on_render_failed(tx: Transaction, account_id: str, job_id: str) -> None:
    _on_credits(tx, ReleaseCredits(account_id, job_id))


def release_credits_on_render_cancelled(tx: Transaction, account_id: str, job_id: str) -> None:
    _on_credits(tx, ReleaseCredits(account_id, job_id))


def _on_credits(tx: Transaction, command: Command) -> None:
    execute(tx, CREDITS, credits_stream(command.account_id), command)
