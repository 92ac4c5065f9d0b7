"""`python -m nexoraz.local.emulators.stripe`: localstripe with the manners that the suite relies on.

localstripe as it comes listens on every address, keeps its state in one file for the whole machine, and sends each
webhook once; and it knows neither idempotency keys nor prorations nor renewals, which stripe_manners.py adds. Here it
listens on 127.0.0.1, keeps its state in the folder it is given, and tries a webhook again, with a
growing pause and a fresh signature, until the answer is 2xx — also after it was itself killed in between. The webhook's
secret comes in the environment variable STRIPE_WEBHOOK_SECRET.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import pickle
import time
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from nexoraz.local.emulators import stripe_manners

# The state is written by this program into a folder closed to others, so unpickling it is safe.


class Deliveries:
    """Webhooks that were not yet accepted, on disk until they are."""

    FIRST_PAUSE, LONGEST_PAUSE = 0.2, 60.0

    def __init__(self, folder: Path, url: str, secret: str) -> None:
        self.folder, self.url, self.secret = folder, url, secret
        self.tasks: set[asyncio.Task[None]] = set()
        folder.mkdir(mode=0o700, exist_ok=True)

    def schedule(self, event: Any) -> None:
        """Called by localstripe for every event of an account."""
        file = self.folder / f"{time.time_ns():020d}.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(event._export(), sort_keys=True))
        self._start(file)

    async def resume(self, _: web.Application) -> None:
        for file in sorted(self.folder.glob("*.json")):
            self._start(file)

    def _start(self, file: Path) -> None:
        task = asyncio.ensure_future(self._deliver(file))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _deliver(self, file: Path) -> None:
        payload = await asyncio.to_thread(file.read_bytes)
        pause = self.FIRST_PAUSE
        while not await self._accepted(payload):
            await asyncio.sleep(pause)
            pause = min(pause * 2, self.LONGEST_PAUSE)
        await asyncio.to_thread(file.unlink)

    async def _accepted(self, payload: bytes) -> bool:
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": self.signature(payload)}
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
                session.post(self.url, data=payload, headers=headers) as answer,
            ):
                print("webhook", json.loads(payload)["type"], answer.status, flush=True)
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError) as error:
            print("webhook", json.loads(payload)["type"], type(error).__name__, flush=True)
            return False

    def signature(self, payload: bytes) -> str:
        """As Stripe computes it: HMAC-SHA256 over `<time>.<payload>`."""
        now = int(time.time())
        digest = hmac.new(self.secret.encode(), b"%d.%s" % (now, payload), hashlib.sha256).hexdigest()
        return f"t={now},v1={digest}"


def keep_state_in(folder: Path) -> None:
    """Point localstripe's store to a file of this copy, replaced whole, so that a kill leaves the old or the new."""
    from localstripe import resources  # noqa: PLC0415  it acts on import, so only where it is wanted

    file, draft = folder / "state.pickle", folder / ".state.pickle"

    def dump(store: Any) -> None:
        draft.touch(mode=0o600)
        draft.write_bytes(pickle.dumps(dict(store), protocol=pickle.HIGHEST_PROTOCOL))
        draft.rename(file)

    resources.Store.dump_to_disk = dump
    if file.exists():
        loaded = pickle.loads(file.read_bytes())  # noqa: S301  see the top of the file
        dict.clear(resources.store)
        dict.update(resources.store, loaded)


def confirm_with_payment_method() -> None:
    """Let a client name its payment method when it confirms, as Stripe does and localstripe does not."""
    from localstripe import resources  # noqa: PLC0415  as above

    def confirm(id: str, payment_method: str | None = None, client_secret: str | None = None, **rest: Any) -> Any:
        intent = resources.PaymentIntent._api_retrieve(id)
        if client_secret is not None and client_secret != intent.client_secret:
            raise resources.UserError(401, "Unauthorized")
        if payment_method is not None:
            intent.payment_method = resources.PaymentMethod._api_retrieve(payment_method).id
        return resources.PaymentIntent._api_confirm(id, **rest)

    route = "/v1/payment_intents/{id}/confirm"
    kept = [entry for entry in resources.extra_apis if entry[1] != route]
    resources.extra_apis[:] = [*kept, ("POST", route, confirm)]


def application(deliveries: Deliveries) -> web.Application:
    confirm_with_payment_method()  # before the server's import, which builds the routes
    from localstripe import resources, server  # noqa: PLC0415  as above

    resources.schedule_webhook = deliveries.schedule
    app: web.Application = server.app
    app.on_startup.append(deliveries.resume)
    app.middlewares.append(stripe_manners.same_answer_for_a_key)
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--webhook-url", required=True)
    arguments = parser.parse_args()
    stripe_manners.teach()  # before the state is read, which may hold what it adds
    keep_state_in(arguments.state)
    deliveries = Deliveries(arguments.state / "webhooks", arguments.webhook_url, os.environ["STRIPE_WEBHOOK_SECRET"])
    web.run_app(application(deliveries), host="127.0.0.1", port=arguments.port, access_log=None, print=lambda *_: None)


if __name__ == "__main__":
    main()
