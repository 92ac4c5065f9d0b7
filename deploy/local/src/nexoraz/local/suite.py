"""The suite as it is: five parts, two stand-ins, ten processes of ours, and which of them needs which."""

import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from nexoraz.local import migrations
from nexoraz.local.credentials import Credentials
from nexoraz.local.layout import SERVICES, Layout
from nexoraz.local.parts.binaries import python_module
from nexoraz.local.parts.gateway import Gateway
from nexoraz.local.parts.mailbox import Mailbox
from nexoraz.local.parts.nats import OPERATOR, Nats
from nexoraz.local.parts.postgres import Postgres
from nexoraz.local.parts.s3 import ADMIN, S3
from nexoraz.local.parts.stripe import Stripe
from nexoraz.local.processes import Launch, plain_environment
from nexoraz.local.provision import database_names, provide_buckets, provide_databases
from nexoraz.local.units import Keep, Step, Task, Unit

OBSERVED = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG")
"""Where traces go and how many, when the person's shell says so."""
WITH_BUCKET = ("assets", "render", "privacy")
THROTTLE_FACTOR = "NEXORAZ_THROTTLE_FACTOR"
"""Passed on to identity: tests and load come from one address."""
OPENID_PROVIDERS = "NEXORAZ_OPENID_PROVIDERS"
"""Passed on to identity: who else may sign people in."""


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """One of our processes; it is up when its /readyz says so."""

    title: str
    command: tuple[str, ...]
    port: int
    layout: Layout
    environment: Mapping[str, str] = field(repr=False)

    @property
    def name(self) -> str:
        return self.title.replace(" ", "-")

    def prepare(self) -> None:
        """Nothing: settings come with the launch, tables by the migration."""

    def launch(self) -> Launch:
        return Launch(
            name=self.name,
            command=self.command,
            log=self.layout.log(self.name),
            environment=self.environment,
            folder=self.layout.root,
            grace_seconds=8.0,
        )

    def ping(self) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2) as response:
            response.read()


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything that `make run` starts. `services` may be fewer than all, for work on one of them."""

    layout: Layout
    credentials: Credentials
    services: tuple[str, ...] = SERVICES

    @property
    def postgres(self) -> Postgres:
        folder = self.layout.var / "postgres"
        password = self.credentials.get("postgres-admin")
        return Postgres(folder, self.layout.postgres_port, password, self.layout.log("postgres"))

    @property
    def nats(self) -> Nats:
        passwords = {user: self.credentials.get(f"nats-{user}") for user in (*SERVICES, OPERATOR)}
        return Nats(self.layout.var / "nats", self.layout.nats_port, passwords, self.layout.log("nats"))

    @property
    def s3(self) -> S3:
        buckets = {f"nexoraz-{service}": f"nexoraz-{service}" for service in WITH_BUCKET}
        secrets = {key: self.credentials.get(f"s3-{key}") for key in (ADMIN, *buckets)}
        return S3(self.layout.var / "s3", self.layout.s3_port, secrets, self.layout.log("s3"), buckets)

    @property
    def stripe(self) -> Stripe:
        return Stripe(
            self.layout.outside / "stripe",
            self.layout.stripe_port,
            self.credentials.get("stripe-api-key", prefix="sk_test_"),
            f"{self.layout.public_url}/v1/billing/webhooks/stripe",
            self.credentials.get("stripe-webhook-secret", prefix="whsec_"),
            self.layout.log("stripe"),
        )

    @property
    def mailbox(self) -> Mailbox:
        folder = self.layout.outside / "mailbox"
        return Mailbox(folder, self.layout.smtp_port, self.layout.mailbox_port, self.layout.log("mailbox"))

    @property
    def gateway(self) -> Gateway:
        routes = {service: self.layout.web_port(service) for service in self.services}
        ports = (self.layout.port, self.layout.gateway_health_port)
        return Gateway(self.layout.run / "gateway", *ports, routes, self.layout.log("gateway"))

    def passwords(self, service: str) -> dict[str, str]:
        """Role → password of the service's two databases."""
        return {name: self.credentials.get(f"database-{name}") for name in database_names(service)}

    def environment(self, service: str, bind_port: int) -> dict[str, str]:
        """The settings of one process of `service`; see the service's config.py."""
        (data, data_password), (vault, vault_password) = self.passwords(service).items()
        common = {
            "NEXORAZ_DATABASE_URL": self.postgres.dsn(data, data, data_password),
            "NEXORAZ_VAULT_DATABASE_URL": self.postgres.dsn(vault, vault, vault_password),
            "NEXORAZ_VAULT_KEK_DIR": str(self.credentials.key_directory(service)),
            "NEXORAZ_NATS_URL": self.nats.url,
            "NEXORAZ_NATS_USER": service,
            "NEXORAZ_NATS_PASSWORD": self.nats.passwords[service],
            "NEXORAZ_PUBLIC_URL": self.layout.public_url,
            "NEXORAZ_BIND": f"127.0.0.1:{bind_port}",
            "NEXORAZ_WEB_WORKERS": "1",
            "NEXORAZ_WEB_THREADS": "8",
        }
        return plain_environment(**common, **self._bucket(service), **self._own(service), **_handed_on())

    def _bucket(self, service: str) -> dict[str, str]:
        if service not in WITH_BUCKET:
            return {}
        key = f"nexoraz-{service}"
        return {
            "NEXORAZ_S3_ENDPOINT": self.s3.endpoint,
            "NEXORAZ_S3_ACCESS_KEY": key,
            "NEXORAZ_S3_SECRET_KEY": self.s3.secrets[key],
            "NEXORAZ_S3_BUCKET": key,
        }

    def _own(self, service: str) -> dict[str, str]:
        match service:
            case "identity":
                mail = {"NEXORAZ_SMTP_URL": self.mailbox.smtp_url, "NEXORAZ_MAIL_FROM": "Nexoraz <hello@nexoraz.pro>"}
                return mail | {name: os.environ[name] for name in (OPENID_PROVIDERS,) if name in os.environ}
            case "billing":
                return {
                    "NEXORAZ_STRIPE_API_KEY": self.stripe.api_key,
                    "NEXORAZ_STRIPE_WEBHOOK_SECRET": self.stripe.webhook_secret,
                    "NEXORAZ_STRIPE_API_BASE": self.stripe.api_base,
                }
            case "render":
                return {"NEXORAZ_RENDER_PROCESSES": "1", "NEXORAZ_MODEL_DIR": str(self.layout.var / "model")}
            case _:
                return {}

    def units(self) -> list[Unit]:
        """Everything, with what each needs to start. What a process needs to be ready, it waits for itself."""
        self.go_ahead.unlink(missing_ok=True)
        services = [unit for service in self.services for unit in self._service(service)]
        return [*self._parts(), Task(self.migrations(), "Migrations"), *services]

    @property
    def go_ahead(self) -> Path:
        """Appears when the databases are there; the migrations start before, and wait for it."""
        return self.layout.run / "databases"

    def migrations(self) -> Launch:
        environments = {service: self.process(service, "web").environment for service in self.services}
        return Launch(
            name="migrations",
            command=python_module("nexoraz.local.migrations"),
            log=self.layout.log("migrations"),
            environment=plain_environment(
                **{migrations.VARIABLE: json.dumps(environments), migrations.GO_AHEAD: str(self.go_ahead)}
            ),
            folder=self.layout.root,
        )

    def databases_provided(self) -> None:
        """Every service's roles and database exist; the migrations, which wait for this, may begin."""
        passwords = {name: value for service in self.services for name, value in self.passwords(service).items()}
        provide_databases(self.postgres, passwords)
        self.go_ahead.touch()

    def _parts(self) -> list[Unit]:
        postgres, s3 = self.postgres, self.s3
        return [
            Keep(postgres, "PostgreSQL", stop_order=3),
            Keep(self.nats, "NATS", stop_order=2),
            Keep(s3, "S3", stop_order=2),
            Keep(self.stripe, "Stripe (stand-in)", stop_order=2),
            Keep(self.mailbox, "Mail (stand-in)", stop_order=2),
            Keep(self.gateway, "Gateway"),
            Step("databases", "Roles and databases", self.databases_provided, ("postgres",)),
            Step("buckets", "Buckets", partial(provide_buckets, s3), ("s3",)),
        ]

    def _service(self, service: str) -> list[Unit]:
        web, worker = self.process(service, "web"), self.process(service, "worker")
        # Not the buckets: S3 takes as long to come up as a process takes to import what it needs.
        return [
            Keep(web, web.title, needs=("migrations",), stop_order=1),
            Keep(worker, worker.title, needs=("migrations",), stop_order=1),
        ]

    def process(self, service: str, role: str) -> ServiceProcess:
        port = self.layout.web_port(service) if role == "web" else self.layout.worker_port(service)
        environment = self.environment(service, port)
        return ServiceProcess(f"{service} {role}", self._command(service, role), port, self.layout, environment)

    @staticmethod
    def _command(service: str, role: str) -> tuple[str, ...]:
        return (*python_module(f"nexoraz.{service}"), role)

    def addresses(self) -> list[tuple[str, str]]:
        """What a person wants to open, and where the rest is."""
        here = self.layout
        return [
            ("API", f"{here.public_url}/v1/<service>/…  ({', '.join(self.services)})"),
            ("API description", f"{here.public_url}/v1/<service>/openapi.json"),
            ("Mailbox", f"{self.mailbox.url}/mails?to=…"),
            ("Stripe (stand-in)", f"{self.stripe.api_base}"),
            (
                "PostgreSQL",
                f"127.0.0.1:{here.postgres_port}  (password of postgres: {here.secrets / 'postgres-admin'})",
            ),
            ("NATS", f"{self.nats.url}  (password of operator: {here.secrets / 'nats-operator'})"),
            ("S3", f"{self.s3.endpoint}  (secret key of operator: {here.secrets / 's3-operator'})"),
            ("Logs", f"{here.var / 'log'}"),
            ("Stop", "Ctrl-C here, or `make stop`; the data stays"),
        ]


def _handed_on() -> dict[str, str]:
    """What whoever starts the suite may say for all services."""
    return {name: os.environ[name] for name in (*OBSERVED, THROTTLE_FACTOR) if name in os.environ}
