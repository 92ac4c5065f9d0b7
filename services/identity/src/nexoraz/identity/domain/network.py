"""A network address as far as it is ever stored: cut so that it names a neighbourhood of machines (clause C2)."""

import ipaddress

IPV4_BITS, IPV6_BITS = 24, 48


def cut(address: str) -> str:
    """The /24 or /48 around an address, such as "198.51.100.0/24"; "" for text that is no address."""
    try:
        parsed = ipaddress.ip_network(address, strict=False).network_address
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    bits = IPV4_BITS if isinstance(parsed, ipaddress.IPv4Address) else IPV6_BITS
    return str(ipaddress.ip_network((parsed, bits), strict=False))
