"""Load from kept-alive raw sockets: prepared requests out, answers counted, as little Python as possible."""

import math
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from reactor.core.crypto import decode_aes_key, seal_envelope
from reactor.simulator import pusher
from tests.known import AES_KEY_TEXT, COMPONENT, TOKEN


def request_of(message, path, *, number, now):
    """One whole HTTP request, signed and encrypted as WeChat does it."""
    sealed = seal_envelope(
        message,
        component_appid=COMPONENT,
        token=TOKEN,
        aes_key=decode_aes_key(AES_KEY_TEXT),
        timestamp=int(now),
        nonce=str(100_000_000 + number),
        random16=number.to_bytes(16),
        recipient=("ToUserName", "gh_000000000000"),
    )
    head = (
        f"POST {path}?{urlencode(sealed.query)} HTTP/1.1\r\nHost: bench\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(sealed.body)}\r\n\r\n"
    )
    return head.encode() + sealed.body


def approvals(count, start):
    """Approvals, each of another mini program: `wx` and `gh_` with its number."""
    now = time.time()
    for number in range(start, start + count):
        message = pusher.audit_success(
            user_name=f"gh_{number:012x}", created_at=int(now), succeeded_at=int(now)
        )
        yield request_of(message, f"/wechat/authorizers/wx{number:016x}", number=number, now=now)


def send(connection, prepared):
    """Seconds until the whole answer to one request was here; it must be 200 `success`."""
    began = time.perf_counter()
    connection.sendall(prepared)
    answer = b""
    while not answer.endswith(b"success"):
        more = connection.recv(65536)
        if not more:
            break
        answer += more
    if not (answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"success")):
        raise RuntimeError(f"a push was not acknowledged: {answer[:200]!r}")
    return time.perf_counter() - began


def acknowledged(url, requests, *, connections, seconds=math.inf, rate=math.inf):
    """Send over kept-alive connections until the time or the requests run out; the seconds of each answer."""
    address = urlsplit(url)
    queue, lock, began = enumerate(requests), threading.Lock(), time.perf_counter()

    def work(_slot):
        took = []
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            while time.perf_counter() < began + seconds:
                with lock:
                    number, prepared = next(queue, (0, None))
                if prepared is None:
                    break
                early = began + number / rate - time.perf_counter()
                if early > 0:
                    time.sleep(early)
                took.append(send(connection, prepared))
        return took

    with ThreadPoolExecutor(connections) as pool:
        return [one for took in pool.map(work, range(connections)) for one in took]


def requests_per_second(url, requests, *, connections, seconds):
    """As many as go through; every answer must be 200 `success`."""
    began = time.perf_counter()
    took = acknowledged(url, requests, connections=connections, seconds=seconds)
    return len(took) / (time.perf_counter() - began)
