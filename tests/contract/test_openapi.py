"""The OpenAPI document of each service against its routes, the standard's own schema, and the suite's conventions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from nexoraz.service.app import ProblemSchema, openapi_document
from nexoraz.service.problems import MEDIA_TYPE
from tests.contract.suite import SERVICES, Json, service

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
OUTSIDE = frozenset({"/livez", "/readyz"})
"""What the gateway does not route: probes."""
SECURITY: list[Json] = [{"bearer": []}, {"cookie": []}]

OPEN = {
    ("post", "/v1/identity/accounts"): "who registers has no account yet",
    ("post", "/v1/identity/accounts/verification"): "the mailed token says who it is",
    ("post", "/v1/identity/sessions"): "this is the sign-in",
    ("post", "/v1/identity/sessions/refresh"): "the refresh token says who it is",
    ("post", "/v1/identity/codes"): "for people who cannot sign in",
    ("post", "/v1/identity/codes/exchange"): "the mailed code says who it is",
    ("post", "/v1/identity/accounts/verification/again"): "who waits for the mail cannot sign in",
    ("post", "/v1/identity/password/reset"): "who lost the password cannot sign in",
    ("post", "/v1/identity/password/reset/finish"): "the mailed token says who it is",
    ("post", "/v1/identity/address/confirmation"): "the mailed token says who it is",
    ("get", "/v1/identity/links/{name}"): "the page of a mailed link",
    ("post", "/v1/identity/links/{name}"): "the mailed token says who it is",
    ("post", "/v1/identity/passkeys/challenge"): "this is how a sign-in begins",
    ("post", "/v1/identity/sessions/passkey"): "this is a sign-in",
    ("get", "/v1/identity/openid"): "the names of the providers",
    ("post", "/v1/identity/openid/{provider}/authorization"): "this is how a sign-in begins",
    ("post", "/v1/identity/sessions/openid"): "this is a sign-in",
    ("get", "/v1/identity/keys"): "public keys",
    ("get", "/v1/billing/packs"): "the price list",
    ("get", "/v1/billing/plans"): "the price list",
    ("post", "/v1/billing/webhooks/stripe"): "Stripe signs it",
    ("get", "/v1/render/presets"): "the catalogue",
    ("get", "/v1/render/presets/{preset_id}/preview"): "the catalogue's pictures",
    ("get", "/v1/identity/unsubscribe/{token}"): "the link of a mail says whose it is",
    ("post", "/v1/identity/unsubscribe/{token}"): "RFC 8058: without cookies and without a sign-in",
    ("get", "/v1/privacy/policy/versions"): "everybody may read it",
    ("get", "/v1/privacy/policy/versions/{version}"): "everybody may read it",
    ("get", "/v1/privacy/policy/difference"): "everybody may read it",
    ("get", "/v1/identity/usage/totals"): "totals name nobody",
    ("get", "/v1/privacy/statistics"): "totals name nobody",
    ("get", "/v1/privacy/support"): "who writes to us may have no account",
    ("post", "/v1/privacy/support"): "who writes to us may have no account",
    ("post", "/v1/privacy/support/messages"): "who writes to us may have no account",
    ("get", "/v1/privacy/processors"): "everybody may know whom data goes to",
    ("get", "/v1/privacy/processing-record"): "says nothing about anybody",
    ("get", "/v1/privacy/processing-record.csv"): "says nothing about anybody",
    ("get", "/v1/privacy/processing-record.html"): "says nothing about anybody",
    ("get", "/v1/privacy/gpc.json"): "says what browsers may expect",
    ("get", "/v1/privacy/visitor/consents"): "preferences without an account",
    ("post", "/v1/privacy/visitor/consents"): "preferences without an account",
    ("get", "/v1/privacy/visitor/consents/receipts/{receipt_id}"): "the visitor's cookie says whose it is",
    ("get", "/v1/privacy/keys"): "public keys",
    ("get", "/v1/privacy/policy"): "everybody may read it",
}
"""Operations that need no sign-in, each with its reason. A new one must be written down here."""

WITHOUT_KEY = {
    "/v1/assets/selection": "changes nothing",
    "/v1/assets/bin/{photo_id}/restoration": "names the version that it takes back: a second one finds it gone",
    "/v1/identity/accounts/verification": "the token works once, so a repetition changes nothing",
    "/v1/identity/passkeys": "its challenge works once",
    "/v1/identity/passkeys/registration": "one more challenge, which ends by itself",
    "/v1/identity/passkeys/challenge": "one more challenge, which ends by itself",
    "/v1/identity/sessions/passkey": "its challenge works once",
    "/v1/identity/second-factor": "a further offer voids the one before",
    "/v1/identity/second-factor/confirmation": "a code works once; a replay would mean to keep the codes",
    "/v1/identity/sessions/openid": "the handle works once",
    "/v1/identity/openid/{provider}/authorization": "one more handle, which ends by itself",
    "/v1/identity/openid/{provider}/link/authorization": "one more handle, which ends by itself",
    "/v1/identity/openid/{provider}/link": "the handle works once",
    "/v1/identity/sessions": "replaying the answer would mean to keep the tokens",
    "/v1/identity/sessions/refresh": "the refresh token works once",
    "/v1/identity/accounts/verification/again": "one more mail, and only three tokens wait",
    "/v1/identity/password": "it names the password in use, which is another one afterwards",
    "/v1/identity/password/reset": "one more mail, and only so many are sent",
    "/v1/identity/password/reset/finish": "the token works once",
    "/v1/identity/address": "one more pair of links, which voids the one before",
    "/v1/identity/address/confirmation": "the token again changes nothing",
    "/v1/identity/links/{name}": "the token works once",
    "/v1/identity/codes": "a further code is one more mail, and only so many are sent",
    "/v1/identity/codes/exchange": "the code works once",
    "/v1/privacy/admin/requests/{request_id}/answer": "If-Match names the version that it answers",
    "/v1/privacy/admin/requests/{request_id}/denial": "If-Match names the version that it denies",
    "/v1/privacy/admin/requests/{request_id}/extension": "If-Match names the version that it extends",
    "/v1/privacy/admin/requests/{request_id}/retry": "If-Match names the version that it asks again for",
    "/v1/billing/admin/reviews/{purchase_id}/release": "a payment is decided once",
    "/v1/billing/admin/reviews/{purchase_id}/refusal": "a payment is decided once",
    "/v1/billing/webhooks/stripe": "only a hint; Stripe is asked what is true",
    "/v1/identity/unsubscribe/{token}": "who said stop has said stop",
    "/v1/privacy/admin/policy/{version}/notice": "a version is announced once",
    "/v1/identity/usage": "a use that is counted twice changes a total by one",
    "/v1/privacy/support": "a form sends none; what comes twice is answered twice",
    "/v1/privacy/requests/referred/{referral_id}/confirmation": "a referral is confirmed once",
    "/v1/privacy/admin/support": "an operator sees what was entered",
    "/v1/privacy/admin/support/{referral_id}/answer": "a question is answered once",
    "/v1/privacy/consents": "the same choice again changes nothing",
    "/v1/privacy/visitor/consents": "the same choice again changes nothing",
    "/v1/render/jobs/{job_id}/cancellation": "names its job; a repetition changes nothing",
    "/v1/render/batches/{batch_id}/cancellation": "names its batch; a repetition changes nothing",
    "/v1/privacy/requests/{request_id}/withdrawal": "names its request; a repetition changes nothing",
}
"""POST operations that take no Idempotency-Key, each with the reason why a repetition does no harm."""


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    body: Json
    shared: tuple[Json, ...]
    document: Json

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> list[Json]:
        return [_resolved(self.document, each) for each in (*self.shared, *self.body.get("parameters", []))]

    @property
    def headers(self) -> dict[str, Json]:
        return {each["name"]: each for each in self.parameters if each["in"] == "header"}

    @property
    def responses(self) -> dict[str, Json]:
        return {status: _resolved(self.document, each) for status, each in self.body["responses"].items()}


def _resolved(document: Json, node: Json) -> Json:
    while "$ref" in node:
        found: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node


def operations(name: str) -> Iterator[Operation]:
    document = service(name).openapi
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield Operation(method, path, item[method], tuple(item.get("parameters", ())), document)


OPERATIONS = sorted((o for name in SERVICES for o in operations(name)), key=str)


def routes(name: str) -> set[tuple[str, str]]:
    """Method and path of every route of the application, as OpenAPI writes them."""
    document = f"/v1/{name}/openapi.json"
    return {
        (method.lower(), re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule))
        for rule in service(name).web.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in OUTSIDE | {document}
    }


@pytest.mark.parametrize("name", SERVICES)
def test_every_route_is_described_and_every_described_operation_exists(name: str) -> None:
    assert {(o.method, o.path) for o in operations(name)} == routes(name)


@pytest.mark.parametrize("name", SERVICES)
def test_the_committed_document_is_what_the_application_serves(name: str) -> None:
    assert service(name).openapi == openapi_document(service(name).web)
    served = service(name).web.test_client().get(f"/v1/{name}/openapi.json")
    assert served.status_code == 200
    assert served.get_json() == service(name).openapi


@pytest.mark.parametrize("name", SERVICES)
def test_the_document_is_valid_openapi_3_1(name: str) -> None:
    document = service(name).openapi
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize("name", SERVICES)
def test_everything_is_below_the_services_own_path(name: str) -> None:
    assert all(o.path.startswith(f"/v1/{name}/") for o in operations(name))


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_has_a_summary_and_answers_problems_in_one_shape(operation: Operation) -> None:
    assert operation.body.get("summary", "").strip()
    refused = {status: each for status, each in operation.responses.items() if status == "default" or status >= "400"}
    assert "default" in refused
    for status, response in refused.items():
        assert set(response["content"]) == {MEDIA_TYPE}, status
        schema = _resolved(operation.document, response["content"][MEDIA_TYPE]["schema"])
        assert set(schema["required"]) == {"status", "title", "type"}
        assert set(schema["properties"]) == set(ProblemSchema().fields)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_needs_a_sign_in_or_is_declared_open(operation: Operation) -> None:
    if (operation.method, operation.path) in OPEN:
        assert "security" not in operation.body
        return
    assert operation.body["security"] == SECURITY
    assert "401" in operation.responses


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_what_is_documented_as_guarded_refuses_a_stranger(operation: Operation) -> None:
    if (operation.method, operation.path) in OPEN:
        return
    client = service(operation.path.split("/")[2]).web.test_client()
    path = re.sub(r"\{[^}]+\}", "5f0f4f0e-3c1e-4c46-9d5c-1f2f7f6f4a10", operation.path)
    answer = client.open(path, method=operation.method.upper(), headers={"Idempotency-Key": "k", "If-Match": '"v1"'})
    assert (answer.status_code, answer.mimetype) == (401, MEDIA_TYPE)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method == "post"], ids=str)
def test_a_post_takes_an_idempotency_key_or_says_why_not(operation: Operation) -> None:
    if operation.path in WITHOUT_KEY:
        assert "Idempotency-Key" not in operation.headers
        return
    assert operation.headers["Idempotency-Key"]["required"]
    assert {"400", "409"} <= set(operation.responses)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.method in {"put", "patch"}], ids=str)
def test_an_update_names_the_version_that_it_changes(operation: Operation) -> None:
    assert operation.headers["If-Match"]["required"]
    assert {"412", "428"} <= set(operation.responses)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_the_parameters_of_a_path_are_described(operation: Operation) -> None:
    named = set(re.findall(r"\{([^}]+)\}", operation.path))
    assert {p["name"] for p in operation.parameters if p["in"] == "path"} == named


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_list_is_paged_alike_everywhere(operation: Operation) -> None:
    query = {p["name"] for p in operation.parameters if p["in"] == "query"}
    assert ("cursor" in query) == ("limit" in query)
    if "cursor" in query:
        (media,) = operation.responses["200"]["content"].values()
        schema = _resolved(operation.document, media["schema"])
        assert {"items", "next"} <= set(schema["properties"])


def test_every_exception_still_exists() -> None:
    every = {(o.method, o.path) for o in OPERATIONS}
    assert set(OPEN) <= every
    assert {("post", path) for path in WITHOUT_KEY} <= every


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/{name}/no-such-thing", 404), ("TRACE", "/livez", 405), ("GET", "/", 404)],
)
def test_an_error_of_the_framework_has_the_same_shape(name: str, method: str, path: str, status: int) -> None:
    answer = service(name).web.test_client().open(path.format(name=name), method=method)
    assert (answer.status_code, answer.mimetype) == (status, MEDIA_TYPE)
    problem = answer.get_json()
    assert {"type", "title", "status"} <= set(problem)
    assert problem["status"] == status
