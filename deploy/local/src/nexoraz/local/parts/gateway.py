"""The gateway: Traefik, which routes /v1/<service>/ to that service and keeps no record of who called."""

import json
import urllib.request
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
}


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
        self.routes_file.write_text(json.dumps(self._routes(), indent=1))

    def _routes(self) -> dict[str, object]:
        routers: dict[str, object] = {
            name: {"rule": f"PathPrefix(`/v1/{name}/`)", "service": name, "middlewares": ["headers"]}
            for name in self.routes
        }
        middlewares: dict[str, object] = {"headers": {"headers": SECURITY_HEADERS}}
        if self.routes:
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
                f"--entryPoints.health.address=127.0.0.1:{self.health_port}",
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
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/ping", timeout=2) as response:
            response.read()
