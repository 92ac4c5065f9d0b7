"""Render's settings, read once from the environment."""

from dataclasses import dataclass
from pathlib import Path

from nexoraz.service.settings import Secret, ServiceSettings, SettingsInvalid


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    """render_processes: renders at the same time. model_dir: holds u2net.onnx; without it a fallback engine serves.
    engine: "processes", which is our own, or the name of an entry point of the group nexoraz.render.engines."""

    vault_database_url: Secret
    vault_kek_dir: Path
    nats_url: str
    nats_user: str = "render"
    nats_password: Secret
    nats_replicas: int = 1
    s3_endpoint: str
    s3_access_key: Secret
    s3_secret_key: Secret
    s3_bucket: str = "nexoraz-render"
    render_processes: int = 1
    model_dir: Path | None = None
    engine: str = "processes"

    def __post_init__(self) -> None:
        if self.render_processes < 1:
            raise SettingsInvalid(("NEXORAZ_RENDER_PROCESSES is less than 1: nothing would be rendered",))
