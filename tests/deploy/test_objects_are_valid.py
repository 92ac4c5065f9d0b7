"""Every rendered object, against the schemas of Kubernetes (strictly) and of the Gateway API."""

import copy

import jsonschema
import kubernetes_validate
import pytest

from . import gateway_api
from .overlays import Objects, of_kind
from .strategic_merge import Node

# Image volumes are on by default from this version on.
KUBERNETES = "1.35"


def test_every_object_is_valid_and_knows_no_unknown_field(objects: Objects) -> None:
    for each in objects:
        if each["apiVersion"] == gateway_api.API_VERSION:
            gateway_api.validate(each)
        else:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_strict_means_that_a_misspelt_field_is_refused(objects: Objects) -> None:
    for each in objects:
        spoilt = copy.deepcopy(each)
        spoilt["speck"] = {}
        with pytest.raises((kubernetes_validate.ValidationError, jsonschema.ValidationError)):
            if each["apiVersion"] == gateway_api.API_VERSION:
                gateway_api.validate(spoilt)
            else:
                kubernetes_validate.validate(spoilt, KUBERNETES, strict=True)


@pytest.mark.parametrize(
    "change",
    [
        {"timeouts": {"request": "30 s"}},
        {"timeouts": {"request": "30s", "retry": "1s"}},
        {"matches": [{"path": {"type": "PathPrefix", "value": "v1"}}]},
        {"matches": [{"path": {"type": "PathPrefix", "value": "/v1/../x"}}]},
        {"backendRefs": [{"name": "identity-web"}]},
        {"backendRefs": []},
    ],
)
def test_a_wrong_route_is_refused(production: Objects, change: Node) -> None:
    route = copy.deepcopy(next(each for each in of_kind(production, "HTTPRoute") if "api" in each["metadata"]["name"]))
    gateway_api.validate(route)
    route["spec"]["rules"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        gateway_api.validate(route)


def test_a_listener_terminates_tls_exactly_if_it_speaks_https(production: Objects) -> None:
    (gateway,) = of_kind(production, "Gateway")
    spoilt = copy.deepcopy(gateway)
    for listener in spoilt["spec"]["listeners"]:
        listener["protocol"] = "HTTP"
    with pytest.raises(jsonschema.ValidationError):
        gateway_api.validate(spoilt)
