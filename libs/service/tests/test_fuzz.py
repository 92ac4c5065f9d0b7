"""Generated requests, fitting the description and not, by a signed-in caller: never a failure, always as described."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode


def exercise(gallery: Any, requests: Any) -> set[int]:
    """The statuses that 25 generated requests to one operation got."""
    statuses: set[int] = set()

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=requests)
    def answered(case: Any) -> None:
        response = case.call(headers=gallery.signed_in())
        statuses.add(response.status_code)
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"]
        assert response.status_code < 500 or title_taken(gallery), (response.text, gallery.log.getvalue()[-2000:])

    answered()
    return statuses


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_sent_is_answered_with_what_it_deserves(gallery: Any, mode: GenerationMode) -> None:
    gallery.app.view_functions["photos.broken"] = lambda: ({}, 200)  # the view that fails on purpose
    schema = schemathesis.openapi.from_wsgi("/v1/gallery/openapi.json", gallery.app)
    seen: dict[str, set[int]] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        try:
            seen[operation.label] = exercise(gallery, operation.as_strategy(generation_mode=mode))
        except Unsatisfiable:
            continue  # nothing can be wrong with an operation that takes nothing
    assert len(seen) >= 4, seen


def title_taken(gallery: Any) -> bool:
    """The gallery of the tests has a defect on purpose: no refusal for a title that is taken (see test_problems)."""
    failures = [line for line in gallery.log_lines() if line["event"] == "unexpected failure"]
    return bool(failures) and failures[-1].get("constraint") == "photos_title_key"
