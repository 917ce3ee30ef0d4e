"""The way out: how names become addresses and addresses lines, what is trusted, and for how long."""

import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass


def addresses_of(host: str, port: int) -> Sequence[str]:
    """Every address the system knows for a name, each once; OSError when it knows none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """A line to an address."""
    return socket.create_connection((address, port), timeout=seconds)


@dataclass(frozen=True, slots=True)
class Outside:
    """What messages leave by, for whoever wants another than usual."""

    resolve: Callable[[str, int], Sequence[str]] = addresses_of
    dial: Callable[[str, int, float], socket.socket] = dial
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context
    seconds: float = 5.0
