"""The gateway: Traefik, which routes /v1/<service>/ to that service and keeps no record of who called."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nexoraz.local.parts.binaries import program
from nexoraz.local.processes import Launch, plain_environment

SECURITY_HEADERS = {
    "contentTypeNosniff": True,
    "frameDeny": True,
    "referrerPolicy": "no-referrer",
    "contentSecurityPolicy": "default-src 'none'; frame-ancestors 'none'",
    "permissionsPolicy": "interest-cohort=()",
    "customResponseHeaders": {"Server": ""},
    # A stranger neither decides that a request is recorded nor joins somebody's trace. An empty value removes.
    "customRequestHeaders": {"traceparent": "", "tracestate": "", "baggage": ""},
}

# In a path these may mean one thing to the gateway and another to the service behind it.
ENCODED = ("Slash", "Backslash", "NullCharacter", "Semicolon", "Percent", "QuestionMark", "Hash")


@dataclass(frozen=True, slots=True)
class Gateway:
    """`routes` maps service names to the ports of their web processes on 127.0.0.1."""

    directory: Path
    port: int
    health_port: int
    routes: Mapping[str, int]
    log: Path
    name: str = "gateway"

    @property
    def routes_file(self) -> Path:
        return self.directory / "routes.yml"

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # JSON is YAML.
        self.routes_file.write_text(json.dumps(self._routes() if self.routes else {}, indent=1))

    def _routes(self) -> dict[str, object]:
        routers: dict[str, object] = {
            name: {"rule": f"PathPrefix(`/v1/{name}/`)", "service": name, "middlewares": ["headers"]}
            for name in self.routes
        }
        middlewares: dict[str, object] = {"headers": {"headers": SECURITY_HEADERS}}
        if "privacy" in self.routes:
            middlewares["gpc"] = {"replacePath": {"path": "/v1/privacy/gpc.json"}}
            gpc = {"rule": "Path(`/.well-known/gpc.json`)", "service": "privacy", "middlewares": ["headers", "gpc"]}
            routers["gpc"] = gpc
        # What no service owns is refused by a service too, so that it is a problem document as everything else.
        first = next(iter(self.routes))
        middlewares["unknown"] = {"replacePath": {"path": f"/v1/{first}/no-such-resource"}}
        everything = {"rule": "PathPrefix(`/`)", "priority": 1, "middlewares": ["headers", "unknown"]}
        routers["everything-else"] = everything | {"service": first}
        services = {
            name: {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}], "passHostHeader": True}}
            for name, port in self.routes.items()
        }
        return {"http": {"routers": routers, "services": services, "middlewares": middlewares}}

    def launch(self) -> Launch:
        return Launch(
            name=self.name,
            command=(
                program("traefik"),
                f"--entryPoints.web.address=127.0.0.1:{self.port}",
                # Uploads and downloads of gigabytes take as long as they take; an idle connection does not.
                "--entryPoints.web.transport.respondingTimeouts.readTimeout=3600s",
                "--entryPoints.web.transport.lifeCycle.graceTimeOut=2s",
                # A header named X_Forwarded_For would reach a WSGI service as the one that the gateway vouches for.
                "--entryPoints.web.http.aliasHeadersStrategy=reject",
                *(f"--entryPoints.web.http.encodedCharacters.allowEncoded{name}=false" for name in ENCODED),
                f"--entryPoints.health.address=127.0.0.1:{self.health_port}",
                "--entryPoints.health.http.aliasHeadersStrategy=reject",
                "--ping.entryPoint=health",
                f"--providers.file.filename={self.routes_file}",
                "--providers.file.watch=false",
                "--global.checkNewVersion=false",
                "--global.sendAnonymousUsage=false",
                "--accessLog=false",  # it would hold addresses and queries
                "--log.level=WARN",
            ),
            log=self.log,
            environment=plain_environment(GOMEMLIMIT="128MiB"),
            folder=self.directory,
            grace_seconds=4.0,
        )

    def ping(self) -> None:
        """Its own health, then a path of ours: without routes it would answer that one itself, in plain text."""
        for port, path in ((self.health_port, "/ping"), (self.port, "/no-such-page")):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            try:
                connection.request("GET", path)
                body = connection.getresponse().read()
            finally:
                connection.close()
            if self.routes and body.startswith(b"404 page not found"):
                raise ConnectionError("the gateway has no routes yet")
