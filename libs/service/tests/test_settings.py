import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest

from nexoraz.service.settings import Secret, ServiceSettings, SettingsInvalid, load


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(ServiceSettings):
    kek_dir: Path
    nats_url: tuple[str, ...]
    processes: int
    eager: bool = False
    model_dir: Path | None = None


COMPLETE = {
    "NEXORAZ_DATABASE_URL": "postgresql://u:hunter2@h/d",
    "NEXORAZ_KEK_DIR": "/keys",
    "NEXORAZ_NATS_URL": "nats://a:1, nats://b:2",
    "NEXORAZ_PROCESSES": "3",
}


def test_each_field_is_read_by_its_type() -> None:
    settings = load(Settings, {**COMPLETE, "NEXORAZ_EAGER": "yes", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://o:4318"})
    assert settings.database_url.reveal() == "postgresql://u:hunter2@h/d"
    assert settings.kek_dir == Path("/keys")
    assert settings.nats_url == ("nats://a:1", "nats://b:2")
    assert (settings.processes, settings.eager, settings.model_dir) == (3, True, None)
    assert settings.otlp_endpoint == "http://o:4318"


def test_everything_that_is_missing_or_wrong_is_named_at_once_and_no_value_is() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        load(Settings, {"NEXORAZ_PROCESSES": "many-hunter2", "NEXORAZ_EAGER": "perhaps", "NEXORAZ_NATS_URL": ""})
    text = str(raised.value)
    for name in ("DATABASE_URL", "KEK_DIR", "NATS_URL", "PROCESSES", "EAGER"):
        assert f"NEXORAZ_{name} " in text
    assert "hunter2" not in text
    assert "perhaps" not in text


def test_a_value_may_come_from_the_file_that_x_file_names(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://from-file\n")
    rest = {name: value for name, value in COMPLETE.items() if name != "NEXORAZ_DATABASE_URL"}
    settings = load(Settings, {**rest, "NEXORAZ_DATABASE_URL_FILE": str(file)})
    assert settings.database_url == Secret("postgresql://from-file")


def test_a_file_that_cannot_be_read_and_a_value_given_twice_are_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="NEXORAZ_KEK_DIR cannot be read"):
        rest = {name: value for name, value in COMPLETE.items() if name != "NEXORAZ_KEK_DIR"}
        load(Settings, {**rest, "NEXORAZ_KEK_DIR_FILE": str(tmp_path / "absent")})
    with pytest.raises(SettingsInvalid, match="NEXORAZ_KEK_DIR is given twice"):
        load(Settings, {**COMPLETE, "NEXORAZ_KEK_DIR_FILE": str(tmp_path)})


def test_a_secret_is_not_printed_in_any_way() -> None:
    settings = load(Settings, COMPLETE)
    assert "hunter2" not in f"{settings} {settings!r} {settings.database_url} {settings.database_url!r:>40}"
    with pytest.raises(TypeError):
        pickle.dumps(settings.database_url)
