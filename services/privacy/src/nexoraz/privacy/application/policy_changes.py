"""Announcing a change of the policy, noting who was told, and that they went on."""

from dataclasses import dataclass
from datetime import datetime

from nexoraz.events.event import Stream
from nexoraz.events.store import Transaction, execute, load
from nexoraz.privacy.application.ports import Clock
from nexoraz.privacy.domain import policy_change as p
from nexoraz.privacy.domain.policy import VERSIONS, PolicyVersion


@dataclass(frozen=True, slots=True)
class PolicyChanges:
    """Every telling and every acceptance is a fact in the person's own history."""

    clock: Clock

    def announce(self, tx: Transaction, version: PolicyVersion) -> datetime:
        """Have every account told; once, however often it is asked. The moment of the first time."""
        history = tx.read(announcement_stream(version.version))
        if history:
            first: p.PolicyChangeAnnounced = history[0].event
            return first.at
        announced = p.PolicyChangeAnnounced(version.version, version.summary, self.clock())
        tx.append(announcement_stream(version.version), 0, [announced])
        return announced.at

    def announced(self, tx: Transaction) -> list[PolicyVersion]:
        """The versions that accounts are told of."""
        return [version for version in VERSIONS if tx.read(announcement_stream(version.version))]

    def tell(self, tx: Transaction, account_id: str, version: str, how: p.Channel, at: datetime | None = None) -> None:
        """Note that the account was told. Raises AccountErased."""
        command = p.TellPolicyChange(account_id, version, how, at or self.clock())
        execute(tx, p.policy_change, told_stream(account_id), command)

    def use(self, tx: Transaction, account_id: str, by: str, at: datetime) -> None:
        """Note that the account used the service; the erased accept nothing."""
        if not tx.is_erased(account_id):
            execute(tx, p.policy_change, told_stream(account_id), p.NoteUse(account_id, by, at))

    def told(self, tx: Transaction, account_id: str) -> p.Told:
        return load(tx, p.policy_change, told_stream(account_id))[0]


def announcement_stream(version: str) -> Stream:
    """The service's own history of one version."""
    return Stream.of("policy", version, "")


def told_stream(account_id: str) -> Stream:
    """What one account was told."""
    return Stream.of("policy-told", account_id, account_id)
