"""Each process is given exactly the settings that its service reads, and they load."""

import importlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from nexoraz.service.settings import PREFIX, load

from .overlays import SERVICES, Objects, environment, workloads

SECRETS = "/run/nexoraz/secrets/"
# What the platform's own libraries read, apart from the service's dataclass.
OF_THE_RUNTIME = {"OTEL_EXPORTER_OTLP_ENDPOINT"}


def _settings(service: str) -> type[Any]:
    found: type[Any] = importlib.import_module(f"nexoraz.{service}.config").Settings
    return found


def _variables(settings: type[Any]) -> set[str]:
    return {str(each.metadata.get("variable", PREFIX + each.name.upper())) for each in fields(settings)}


def _given(objects: Objects, service: str) -> list[dict[str, str]]:
    return [
        environment(objects, container)
        for workload in workloads(objects)
        if workload.name.startswith(f"{service}-")
        for container in workload.containers
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_is_given_no_setting_that_its_service_does_not_read(objects: Objects, service: str) -> None:
    known = _variables(_settings(service)) | OF_THE_RUNTIME
    for given in _given(objects, service):
        assert {each.removesuffix("_FILE") for each in given} <= known


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_starts_with_the_settings_that_it_is_given(
    objects: Objects, service: str, tmp_path: Path
) -> None:
    for given in _given(objects, service):
        for variable, value in given.items():
            if variable.endswith("_FILE"):
                file = tmp_path / value.removeprefix(SECRETS)
                file.write_text("postgresql://user:password@host:5432/database\n")
                given[variable] = str(file)
        load(_settings(service), given)


@pytest.mark.parametrize("service", SERVICES)
def test_processes_of_one_service_are_given_the_same(objects: Objects, service: str) -> None:
    web_like = [
        {key: value for key, value in each.items() if key != "NEXORAZ_MODEL_DIR"} for each in _given(objects, service)
    ]
    assert len(web_like) == (5 if service == "billing" else 4)
    assert all(each == web_like[0] for each in web_like)


def test_each_service_has_its_own_names(objects: Objects) -> None:
    for service in SERVICES:
        for given in _given(objects, service):
            assert given["NEXORAZ_NATS_USER"] == service
            assert given.get("NEXORAZ_S3_BUCKET", f"nexoraz-{service}") == f"nexoraz-{service}"
