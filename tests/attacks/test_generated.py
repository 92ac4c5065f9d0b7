"""Requests made up from the OpenAPI documents, good ones and broken ones, against the running gateway: what is answered
is what the documents promise. `ATTACK_EXAMPLES=200` tries more of them."""

import os
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as promised

from tests.attacks.operations import SERVICES, document
from tests.attacks.people import Somebody, newcomer
from tests.attacks.wire import PROBLEM, Answer, check_discreet, check_refused_somewhere
from tests.journey.running import RunningSuite

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]
EXAMPLES = int(os.environ.get("ATTACK_EXAMPLES", "8"))
CHECKS: list[Any] = [
    not_a_server_error,
    promised.status_code_conformance,
    promised.content_type_conformance,
    promised.response_headers_conformance,
    promised.response_schema_conformance,
]
OURS = "X-Request-Id"
"""On every answer of a service. Without it, the gateway itself refused what two readers may read in two ways: an
encoded semicolon in a path, an underscore in the name of a header."""
BINARY = ("image/*", "application/octet-stream")


def described() -> list[Any]:
    found = []
    for service in SERVICES:
        schema: Any = schemathesis.openapi.from_dict(document(service))
        found += [pytest.param(each.ok(), id=each.ok().label) for each in schema.get_all_operations()]
    return found


@schemathesis.serializer(*BINARY)
def _as_it_is(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@pytest.fixture
def attacker(suite: RunningSuite, operation: Any, _bob: Somebody) -> Somebody:
    """Where the operation ends sessions or the account, somebody new."""
    ends = operation.method == "delete" or operation.label == "POST /v1/privacy/requests"
    return newcomer(suite) if ends and "/photos" not in operation.path else _bob.fresh()


@pytest.mark.parametrize("operation", described())
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_the_answer_is_one_that_the_document_promises(
    suite: RunningSuite, attacker: Somebody, operation: Any, mode: GenerationMode
) -> None:
    base, bearer = f"http://localhost:{suite.port}", attacker.bearer

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def attack(case: Any) -> None:
        headers = {"Authorization": bearer}
        if mode is GenerationMode.POSITIVE and operation.method == "post":
            headers["Idempotency-Key"] = uuid4().hex
        answer = case.call(base_url=base, headers=headers)
        plain = Answer(answer.status_code, _flat(answer.headers), answer.content)
        if OURS not in plain.headers:
            check_refused_somewhere(plain)
            return
        case.validate_response(answer, checks=CHECKS)
        _check(operation, case, plain)

    try:
        attack()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing of this operation can be wrong"


def _check(operation: Any, case: Any, answer: Answer) -> None:
    """Beyond what `default` lets pass: a success is documented by its status, a refusal is a problem document."""
    check_discreet(answer)
    if answer.status < 400:
        assert str(answer.status) in operation.definition.raw["responses"], answer
    else:
        assert answer.media_type == PROBLEM and answer.problem["status"] == answer.status, answer
        assert answer.status < 500, answer
    body = case.meta.components.get(ParameterLocation.BODY)
    if body is not None and body.mode is GenerationMode.NEGATIVE:
        assert answer.status >= 400, "a broken body was accepted"


def _flat(headers: Any) -> dict[str, str]:
    return {name.title(): values if isinstance(values, str) else ", ".join(values) for name, values in headers.items()}
