"""Who is at the other end of the connection: counted as a keyed hash, cut before it is stored (clause C2)."""

import ipaddress

from flask import request

from nexoraz.identity.application.session_starts import Client


def client_address() -> str:
    """The address that the gateway saw (the last of X-Forwarded-For, which the gateway writes), cut to the /64 of one
    household for IPv6. Without a gateway, the peer."""
    seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or request.remote_addr or ""
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def client() -> Client:
    """The address, and what the browser calls itself."""
    return Client(client_address(), request.headers.get("User-Agent", "")[:400])
