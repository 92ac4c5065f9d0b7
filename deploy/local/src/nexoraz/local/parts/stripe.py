"""Stripe, played by localstripe in a process of its own: stateful, with signed webhooks that are tried again."""

import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from nexoraz.local.parts.binaries import python_module
from nexoraz.local.processes import Launch, plain_environment


@dataclass(frozen=True, slots=True)
class Stripe:
    """`directory` stands for another company's disk: keep it outside the suite's data. Webhooks go to `webhook_url`,
    signed with `webhook_secret` as Stripe signs them (`t=…,v1=HMAC-SHA256`)."""

    directory: Path
    port: int
    api_key: str = field(repr=False)
    webhook_url: str
    webhook_secret: str = field(repr=False)
    log: Path
    name: str = "stripe"

    @property
    def api_base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def launch(self) -> Launch:
        arguments = ("--port", str(self.port), "--state", str(self.directory), "--webhook-url", self.webhook_url)
        return Launch(
            name=self.name,
            command=(*python_module("nexoraz.local.emulators.stripe"), *arguments),
            log=self.log,
            environment=plain_environment(STRIPE_WEBHOOK_SECRET=self.webhook_secret),
            folder=self.directory,
            grace_seconds=2.0,
        )

    def ping(self) -> None:
        """List customers with the real key."""
        call = urllib.request.Request(f"{self.api_base}/v1/customers?limit=1")  # noqa: S310  http to ourselves
        call.add_header("Authorization", f"Bearer {self.api_key}")
        with urllib.request.urlopen(call, timeout=2) as response:  # noqa: S310  as above
            response.read()
