"""JSON Schemas of the Gateway API v1 (gateway.networking.k8s.io/v1, standard channel) for the fields that we use.

Written from the specification's field rules; every object refuses what it does not name. Not a copy of the CRDs: a
field that we begin to use has to be added here, with its rule.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

Schema = dict[str, Any]

API_VERSION = "gateway.networking.k8s.io/v1"


def _object(required: str = "", **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _some(items: Schema, most: int) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


def _one_of(*values: str | int) -> Schema:
    return {"enum": list(values)}


_DNS_LABEL: Schema = {"type": "string", "maxLength": 63, "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}
_DNS_NAME: Schema = {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
_PORT: Schema = {"type": "integer", "minimum": 1, "maximum": 65535}
_DURATION: Schema = {"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"}
_LABELS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "string", "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$"},
}
_GROUP: Schema = {"type": "string", "maxLength": 253}
_KIND: Schema = {"type": "string", "pattern": r"^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$"}

_METADATA = _object("name", name=_DNS_NAME, namespace=_DNS_LABEL, labels=_LABELS)
_CERTIFICATE = _object("name", group=_GROUP, kind=_KIND, name=_DNS_NAME)
_ROUTES = _object(
    namespaces=_object("from", **{"from": _one_of("All", "Selector", "Same")}),
    kinds={"type": "array", "items": _object("kind", group=_GROUP, kind=_KIND), "maxItems": 8},
)
_LISTENER = _object(
    "name port protocol",
    name=_DNS_LABEL,
    hostname=_DNS_NAME,
    port=_PORT,
    protocol=_one_of("HTTP", "HTTPS"),
    tls=_object(mode=_one_of("Terminate"), certificateRefs=_some(_CERTIFICATE, 64)),
    allowedRoutes=_ROUTES,
)
# A listener terminates TLS if and only if it speaks HTTPS.
_LISTENER["if"] = {"properties": {"protocol": {"const": "HTTPS"}}}
_LISTENER["then"] = {"required": ["tls"]}
_LISTENER["else"] = {"properties": {"tls": False}}

_MATCH = _object(
    path=_object(
        "type value",
        type=_one_of("Exact", "PathPrefix"),
        value={
            "type": "string",
            "maxLength": 1024,
            "pattern": r"^/(?!.*(//|/\./|/\.\./|%2f|%2F|#)).*(?<!/\.)(?<!/\.\.)$",
        },
    ),
    method=_one_of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"),
)
_REDIRECT = _object(scheme=_one_of("http", "https"), port=_PORT, statusCode=_one_of(301, 302))
_REMOVED = _object("remove", remove=_some({"type": "string", "pattern": r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$"}, 16))
_REWRITE = _object(
    "path",
    path=_object(
        "type replaceFullPath",
        type=_one_of("ReplaceFullPath"),
        replaceFullPath={"type": "string", "maxLength": 1024},
    ),
)
_FILTER: Schema = {
    "oneOf": [
        _object("type requestRedirect", type=_one_of("RequestRedirect"), requestRedirect=_REDIRECT),
        _object("type requestHeaderModifier", type=_one_of("RequestHeaderModifier"), requestHeaderModifier=_REMOVED),
        _object("type urlRewrite", type=_one_of("URLRewrite"), urlRewrite=_REWRITE),
    ]
}
_BACKEND = _object("name port", group=_GROUP, kind=_one_of("Service"), name=_DNS_LABEL, port=_PORT)
_RULE = _object(
    "matches",
    matches=_some(_MATCH, 64),
    filters=_some(_FILTER, 16),
    timeouts=_object("request", request=_DURATION, backendRequest=_DURATION),
    backendRefs=_some(_BACKEND, 16),
)
# A redirect answers by itself, so such a rule has no backend; every other rule has one.
_RULE["oneOf"] = [
    {"not": {"required": ["backendRefs"]}, "required": ["filters"]},
    {"required": ["backendRefs", "timeouts"]},
]
_PARENT = _object("name", group=_GROUP, kind=_one_of("Gateway"), name=_DNS_NAME, sectionName=_DNS_NAME)


def _kind(kind: str, spec: Schema) -> Schema:
    return _object(
        "apiVersion kind metadata spec",
        apiVersion={"const": API_VERSION},
        kind={"const": kind},
        metadata=_METADATA,
        spec=spec,
    )


SCHEMAS: Mapping[str, Schema] = {
    "GatewayClass": _kind(
        "GatewayClass",
        _object(
            "controllerName",
            controllerName={"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9.-]+/[A-Za-z0-9/._~%-]+$"},
            description={"type": "string", "maxLength": 64},
        ),
    ),
    "Gateway": _kind(
        "Gateway",
        _object("gatewayClassName listeners", gatewayClassName=_DNS_NAME, listeners=_some(_LISTENER, 64)),
    ),
    "HTTPRoute": _kind(
        "HTTPRoute",
        _object(
            "parentRefs rules",
            parentRefs=_some(_PARENT, 32),
            hostnames=_some(_DNS_NAME, 16),
            rules=_some(_RULE, 16),
        ),
    ),
}


def validate(each: dict[str, Any]) -> None:
    """Raises jsonschema's ValidationError, or KeyError for a kind that has no schema here."""
    Draft202012Validator(SCHEMAS[each["kind"]]).validate(each)
