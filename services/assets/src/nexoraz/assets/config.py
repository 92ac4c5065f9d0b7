"""Assets' settings, read once from the environment."""

from dataclasses import dataclass
from pathlib import Path

from nexoraz.service.settings import Secret, ServiceSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    """photo_bytes: the heaviest photo. photo_megapixels: the largest. photo_side: the least width and height in pixels.
    upload_seconds: how long one upload may take."""

    vault_database_url: Secret
    vault_kek_dir: Path
    nats_url: str
    nats_user: str = "assets"
    nats_password: Secret
    nats_replicas: int = 1
    s3_endpoint: str
    s3_access_key: Secret
    s3_secret_key: Secret
    s3_bucket: str = "nexoraz-assets"
    photo_bytes: int = 80_000_000
    photo_megapixels: int = 64
    photo_side: int = 16
    upload_seconds: int = 600
