"""What assets takes in, render reads: no photo is kept that is always refused for its size."""

import dataclasses
import os
from typing import Any

import pytest

from nexoraz.assets.config import Settings as AssetsSettings
from nexoraz.render.application.run_render import MAX_PHOTO_BYTES
from nexoraz.render.config import Settings
from nexoraz.render.engine import limits
from nexoraz.service.settings import SettingsInvalid, load

DEFAULTS: dict[str, Any] = {field.name: field.default for field in dataclasses.fields(AssetsSettings)}


def test_no_photo_that_assets_takes_in_is_too_heavy_or_too_large() -> None:
    assert DEFAULTS["photo_bytes"] <= MAX_PHOTO_BYTES <= limits.FILE_BYTES
    assert DEFAULTS["photo_megapixels"] <= limits.MEGAPIXELS


@pytest.mark.parametrize("count", ["0", "-1"])
def test_no_processes_are_refused_with_a_clear_sentence(count: str) -> None:
    names = ("DATABASE_URL", "VAULT_DATABASE_URL", "VAULT_KEK_DIR", "NATS_URL", "NATS_PASSWORD", "S3_ENDPOINT")
    keys = ("S3_ACCESS_KEY", "S3_SECRET_KEY")
    environ = {f"NEXORAZ_{name}": "x" for name in (*names, *keys)} | {"NEXORAZ_RENDER_PROCESSES": count}
    with pytest.raises(SettingsInvalid, match="NEXORAZ_RENDER_PROCESSES is less than 1"):
        load(Settings, {**environ, "PATH": os.environ.get("PATH", "")})
