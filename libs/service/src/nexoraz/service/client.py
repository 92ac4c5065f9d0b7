"""Who is at the other end of the connection, to limit how often: it is hashed with a key, never stored as it is."""

import ipaddress

from flask import request


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
