"""Connections: a whole answer within its time, certainty about what never left, and silence in the logs.

What requests raises does not prove that nothing left: it says ProxyError also when a proxy took the
request and hung up, and one ConnectionError stands for a failed TLS handshake and for a lost answer.
So connecting is told apart where it happens: a connection that cannot be made raises NoConnectionError.
"""

import http.client
import io
import logging
import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError

# Every logger of urllib3 that writes URLs; a filter on a parent would not see their records.
_LOGGERS = ("connectionpool", "connection", "response", "poolmanager", "util.retry")
_IN_CALL: ContextVar[bool] = ContextVar("in_call", default=False)


class NoConnectionError(Exception):
    """No connection was made, so nothing of the request left; the text says why, without names or URLs."""


class _Clocked(io.RawIOBase):
    """A socket's bytes, all of them before one moment: a trickling sender cannot stretch the time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, seconds: float) -> None:
        self._raw, self._sock = raw, sock
        self._ends = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer, status line and headers too, that must be whole within the socket's timeout."""

    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        seconds = sock.gettimeout()
        if seconds is not None:
            self.fp = io.BufferedReader(_Clocked(self.fp.detach(), sock, seconds))


class _HTTP(HTTPConnection):
    response_class = _Response
    debuglevel = 0  # http.client would print the request line, with the token

    def connect(self) -> None:
        _dial(super().connect)


class _HTTPS(HTTPSConnection):
    response_class = _Response
    debuglevel = 0

    def connect(self) -> None:
        _dial(super().connect)


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


_POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _HTTPPool, "https": _HTTPSPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        # Towards proxies urllib3 leaves Nagle's algorithm on: a body would wait 40 ms behind its headers.
        options = HTTPConnection.default_socket_options
        manager = super().proxy_manager_for(proxy, socket_options=options, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def close(self) -> None:
        # urllib3 itself closes a pool when it is collected, and the traceback of a failure may hold it.
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            for key in tuple(manager.pools.keys()):
                manager.pools[key].close()
        super().close()


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 -- none is followed
        # Even with allow_redirects=False requests would read a redirect's whole body to prepare the next.
        return None


def open_session(pool_size: int) -> requests.Session:
    """Open a session that follows nothing, keeps nothing, repeats nothing and reads no environment."""
    session = _Session()
    session.trust_env = False
    session.cookies = RequestsCookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    # Unasked for, a compressed answer is decoded all the same, but nobody needs one.
    session.headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "reactor"}
    adapter = _Adapter(pool_connections=4, pool_maxsize=pool_size, max_retries=0)
    for prefix in ("http://", "https://"):
        session.mount(prefix, adapter)
    for name in _LOGGERS:
        logging.getLogger(f"urllib3.{name}").addFilter(_outside_calls)
    return session


def proxies(proxy_url: str | None) -> dict[str, str]:
    """Check the proxy's URL (ValueError, which never quotes it) and name it for both schemes."""
    if proxy_url is None:
        return {}
    try:
        parts = urlsplit(proxy_url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError("WECHAT_PROXY_URL is no http:// or https:// URL with a host; write http://host:port")
    return {"http": proxy_url, "https": proxy_url}


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep urllib3 silent in here: its records hold URLs with tokens, also at DEBUG."""
    before = _IN_CALL.set(True)
    try:
        yield
    finally:
        _IN_CALL.reset(before)


def _outside_calls(record: logging.LogRecord) -> bool:  # noqa: ARG001 -- whatever it says
    return not _IN_CALL.get()


def _dial(connect: Callable[[], None]) -> None:
    """Connect; every failure becomes the one error that proves that nothing left."""
    try:
        connect()
    except Exception as error:  # noqa: BLE001 -- whatever it was, there is no connection
        why = _why(error)
    else:
        return
    raise NoConnectionError(why)


def _why(error: Exception) -> str:
    root = error.__cause__ or error  # urllib3 wraps the socket's own error
    if isinstance(error, NameResolutionError):
        return "the host name could not be resolved"
    if isinstance(root, ssl.SSLCertVerificationError):
        return f"the certificate is not good: {root.verify_message}"
    if isinstance(root, ssl.SSLError):
        return f"TLS handshake failed: {root.reason}"
    if isinstance(root, TimeoutError):
        return "no connection in time"
    if isinstance(root, OSError) and root.errno:
        return os.strerror(root.errno)
    refused = re.match(r"Tunnel connection failed: (\d{3})\b", str(root))
    return f"the proxy answered {refused[1]}" if refused else type(root).__name__
