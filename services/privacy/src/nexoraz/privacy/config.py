"""Privacy's settings, read once from the environment."""

from dataclasses import dataclass
from pathlib import Path

from nexoraz.service.settings import Secret, ServiceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    """grace_hours: within which an erasure can be withdrawn. archive_days: for which an export can be downloaded.

    participants: who is listened to, and waited for even if they never announced themselves.
    """

    vault_database_url: Secret
    vault_kek_dir: Path
    nats_url: str
    nats_user: str = "privacy"
    nats_password: Secret
    nats_replicas: int = 1
    s3_endpoint: str
    s3_access_key: Secret
    s3_secret_key: Secret
    s3_bucket: str = "nexoraz-privacy"
    grace_hours: int = 72
    archive_days: int = 7
    participants: tuple[str, ...] = ("identity", "assets", "render", "billing", "privacy")
