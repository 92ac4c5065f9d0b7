"""OpenID Connect by authlib: authorization code with PKCE, discovery, ID tokens checked against the provider's keys."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from nexoraz.identity.application.ports import (
    Asked,
    Json,
    ProviderRefused,
    ProviderUnavailable,
    ProviderUnknown,
    Stated,
)
from nexoraz.service.settings import Secret

TIMEOUT_S = 5.0
KEPT_S = 600.0
"""So long discovery and keys of a provider are kept."""
LEEWAY_S = 60
LARGEST = 256 * 1024
ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA", "Ed25519"]
"""Asymmetric ones: a client secret signs nothing, and "none" is no signature."""


@dataclass(frozen=True, slots=True)
class Registered:
    """Our registration at one provider. redirect_uri: the page of the application that gets the code."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str


def read_providers(settings: Secret | None) -> dict[str, Registered]:
    """From JSON: {"name": {"issuer": …, "client_id": …, "client_secret": …, "redirect_uri": …}}."""
    found = json.loads(settings.reveal()) if settings else {}
    return {name: Registered(**each) for name, each in found.items()}


class OpenIdProviders:
    """See ports.Providers. One per process; the worst race asks a provider twice."""

    def __init__(self, registered: Mapping[str, Registered]) -> None:
        self._registered = registered
        self._kept: dict[str, tuple[float, Json]] = {}

    def names(self) -> list[str]:
        return sorted(self._registered)

    def authorization_url(self, provider: str, asked: Asked) -> str:
        ours = self._ours(provider)
        endpoint = self._discovered(ours)["authorization_endpoint"]
        with _session(ours) as session:
            url, _ = session.create_authorization_url(
                endpoint, state=asked.state, nonce=asked.nonce, code_verifier=asked.verifier
            )
        return str(url)

    def identify(self, provider: str, code: str, asked: Asked) -> Stated:
        ours = self._ours(provider)
        found = self._discovered(ours)
        try:
            with _session(ours) as session:
                given = session.fetch_token(
                    found["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=asked.verifier,
                    redirect_uri=ours.redirect_uri,
                    allow_redirects=False,
                )
        except OAuthError as refused:
            raise ProviderRefused from refused
        except (requests.RequestException, ValueError) as away:
            raise ProviderUnavailable from away
        return self._stated(ours, given, asked.nonce)

    def _stated(self, ours: Registered, given: Mapping[str, Any], nonce: str) -> Stated:
        try:
            keys = KeySet.import_key_set(self._fetched(self._discovered(ours)["jwks_uri"]))  # type: ignore[arg-type]
            token = jwt.decode(str(given["id_token"]), keys, algorithms=ALGORITHMS)
            options = {
                "iss": {"essential": True, "value": ours.issuer},
                "aud": {"essential": True, "value": ours.client_id},
            }
            params = {"nonce": nonce, "client_id": ours.client_id, "access_token": given.get("access_token")}
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(int(time.time()), LEEWAY_S)
            return Stated(str(claims["sub"]), str(claims.get("email", "")), claims.get("email_verified") is True)
        except (JoseError, ValueError, KeyError, TypeError) as refused:
            raise ProviderRefused from refused

    def _ours(self, provider: str) -> Registered:
        if provider not in self._registered:
            raise ProviderUnknown
        return self._registered[provider]

    def _discovered(self, ours: Registered) -> Json:
        found = self._fetched(ours.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != ours.issuer:
            raise ProviderUnavailable
        return found

    def _fetched(self, url: str) -> Json:
        """A document of a provider, kept for a while."""
        at, kept = self._kept.get(url, (0.0, {}))
        if kept and time.monotonic() - at < KEPT_S:
            return kept
        try:
            answer = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)
            answer.raise_for_status()
            if answer.status_code != requests.codes.ok or len(answer.content) > LARGEST:
                raise ProviderUnavailable
            document: Json = answer.json()
        except (requests.RequestException, ValueError) as away:
            raise ProviderUnavailable from away
        self._kept[url] = time.monotonic(), document
        return document


def _session(ours: Registered) -> Any:
    return OAuth2Session(
        ours.client_id,
        ours.client_secret,
        scope="openid email",
        redirect_uri=ours.redirect_uri,
        code_challenge_method="S256",
        default_timeout=TIMEOUT_S,
    )
