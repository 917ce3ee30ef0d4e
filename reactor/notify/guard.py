"""Which addresses a URL of anybody's may lead to: public ones, and nothing that hides another inside."""

import ipaddress

from reactor.notify.undelivered import Undelivered

_PRIVATE = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    "168.63.129.16/32",  # public by its number, and every Azure machine's own host
)
# Of IPv6 only what is given out to networks; and of that not what carries an IPv4 address inside.
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_PRIVATE_V6 = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
_REFUSED = tuple(ipaddress.ip_network(one) for one in (*_PRIVATE, *_PRIVATE_V6))


def is_public(address: str) -> bool:
    """Whether anybody may be sent there."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.version == 6 and ip not in _PUBLIC_V6:  # noqa: PLR2004 - a version is a number
        return False
    return not any(ip in network for network in _REFUSED if network.version == ip.version)


def refuse_inner(addresses: tuple[str, ...]) -> None:
    """Undelivered when any of the addresses of one name is not a public one."""
    if not all(is_public(address) for address in addresses):
        raise Undelivered.refused(
            "its host leads to an address that is not public; webhooks go to public addresses only"
        )
