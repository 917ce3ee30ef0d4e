"""One POST over TLS: the address is looked up once, no redirect is followed, and all of it ends in time.

Written on sockets because everything about the line is decided here: which address it leads to, that
the certificate is the host's whatever the address, and how long and how large an answer may be.
"""

import http.client
import io
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from reactor.notify.outside import Outside
from reactor.notify.undelivered import Undelivered

LARGEST_ANSWER = 64 * 1024
HTTPS = 443
Check = Callable[[tuple[str, ...]], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    retry_after: float = 0.0

    def json(self) -> dict[str, Any]:
        """The object it holds; none when it holds anything else."""
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) else {}


def post(  # noqa: PLR0913 - where, what and how
    outside: Outside,
    host: str,
    target: str,
    body: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    check: Check = lambda _: None,
) -> Answer:
    """Send and wait for the answer, whatever its status; Undelivered when there is none.

    `check` sees the addresses that the host stands for, before any of them is called.
    """
    ends = time.monotonic() + outside.seconds
    addresses = look_up(outside, host, HTTPS)
    check(addresses)
    with closing(_line(outside, host, addresses, ends)) as line:
        try:
            line.settimeout(_left(ends))
            line.sendall(_request(host, target, body, headers or {}))
            return _read(line, ends)
        except (OSError, http.client.HTTPException) as error:
            why = why_not(error)
    raise Undelivered(f"no usable answer: {why}")


def look_up(outside: Outside, host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, asked for once."""
    try:
        addresses = tuple(outside.resolve(host.strip("[]"), port))
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise Undelivered("its host name could not be resolved")
    return addresses


def _line(outside: Outside, host: str, addresses: tuple[str, ...], ends: float) -> ssl.SSLSocket:
    why = "no connection in time"
    for address in addresses:
        try:
            return _secured(outside, host, outside.dial(address, HTTPS, _left(ends)), ends)
        except (OSError, ValueError) as error:
            why = why_not(error)
    raise Undelivered(f"no connection: {why}")


def _secured(outside: Outside, host: str, raw: socket.socket, ends: float) -> ssl.SSLSocket:
    """TLS for the host's own name, whatever the address."""
    try:
        raw.settimeout(_left(ends))
        return outside.trust().wrap_socket(raw, server_hostname=host.strip("[]"))
    except (OSError, ValueError):
        raw.close()
        raise


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(host: str, target: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    name = f"[{host}]" if ":" in host else host
    all_headers = {
        "Host": name,
        "Content-Type": "application/json; charset=utf-8",
        "Content-Length": str(len(body)),
        "User-Agent": "reactor",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{key}: {value}\r\n" for key, value in all_headers.items())
    return f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


class _Read:
    """What http.client reads an answer from, where it was read already."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)


def _read(line: socket.socket, ends: float) -> Answer:
    """The answer: until the end of the line, of the time or of the room for it, whichever comes first."""
    content = b""
    while len(content) < LARGEST_ANSWER:
        try:
            line.settimeout(_left(ends))
            more = line.recv(LARGEST_ANSWER)
        except TimeoutError:
            if b"\r\n\r\n" not in content:
                raise
            break  # some keep the line open though they were asked not to
        if not more:
            break
        content += more
    answer = http.client.HTTPResponse(_Read(content))  # type: ignore[arg-type]
    answer.begin()
    wait = answer.headers.get("Retry-After", "")
    try:
        body = answer.read(LARGEST_ANSWER)
    except http.client.IncompleteRead as error:
        body = error.partial
    return Answer(answer.status, body, min(float(wait), 3600.0) if wait.isdecimal() else 0.0)


def why_not(error: Exception) -> str:
    """What went wrong on a line, without names and URLs."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not good ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "no TLS there"
    if isinstance(error, TimeoutError):
        return "nothing came in time"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__


def judge(answer: Answer) -> None:
    """Undelivered when the status is no success."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - what HTTP calls a success
        return
    said = f"the answer was HTTP {status}"
    if status == http.HTTPStatus.GONE:
        raise Undelivered(f"{said}: the channel is gone", gone=True)
    again = status in (408, 425, 429) or status >= 500  # noqa: PLR2004 - what HTTP calls the server's fault
    raise Undelivered(said, for_good=not again, wait=answer.retry_after)
