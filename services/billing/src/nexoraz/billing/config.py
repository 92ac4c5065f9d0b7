"""Billing's settings, read once from the environment."""

from dataclasses import dataclass
from pathlib import Path

from nexoraz.service.settings import Secret, ServiceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    """stripe_api_base: Stripe's address, or an emulator's. stripe_webhook_secret: signs what Stripe tells us."""

    vault_database_url: Secret
    vault_kek_dir: Path
    nats_url: str
    nats_user: str = "billing"
    nats_password: Secret
    nats_replicas: int = 1
    stripe_api_key: Secret
    stripe_webhook_secret: Secret
    stripe_api_base: str = "https://api.stripe.com"
