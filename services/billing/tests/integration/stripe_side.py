"""What happens at Stripe's side: the person's browser, and people at Stripe's dashboard."""

import json
import urllib.parse
import urllib.request
from typing import Any

from nexoraz.local.parts.stripe import Stripe

GOOD = "4242424242424242"
DECLINED_LATER = "4000000000000341"
"""Can be kept, and every charge of it is declined."""
NEEDS_AUTHENTICATION = "4000002500003155"


def post(stripe: Stripe, path: str, **form: str) -> dict[str, Any]:
    """Send a form to Stripe's API."""
    return _ask(stripe, path, urllib.parse.urlencode(form).encode())


def get(stripe: Stripe, path: str) -> dict[str, Any]:
    return _ask(stripe, path, None)


def card(stripe: Stripe, number: str = GOOD, country: str = "") -> str:
    """The payment method that the browser's form makes of a card."""
    fields = {"number": number, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
    form = {"type": "card", **{f"card[{name}]": value for name, value in fields.items()}}
    return str(post(stripe, "payment_methods", **form, **({"metadata[country]": country} if country else {}))["id"])


def _ask(stripe: Stripe, path: str, data: bytes | None) -> dict[str, Any]:
    request = urllib.request.Request(f"{stripe.api_base}/v1/{path}", data, method="GET" if data is None else "POST")
    request.add_header("Authorization", f"Bearer {stripe.api_key}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found
