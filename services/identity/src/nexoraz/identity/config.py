"""identity's settings, read once from the environment."""

from dataclasses import dataclass
from pathlib import Path

from nexoraz.service.settings import Secret, ServiceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    """smtp_url: smtp://[user:password@]host:port or smtps://…. mail_from: the sender, with or without a name.

    openid_providers: JSON by name, each with issuer, client_id, client_secret, redirect_uri (adapters/openid.py).
    """

    vault_database_url: Secret
    vault_kek_dir: Path
    nats_url: str
    nats_user: str = "identity"
    nats_password: Secret
    nats_replicas: int = 1
    smtp_url: Secret
    mail_from: str
    openid_providers: Secret | None = None
