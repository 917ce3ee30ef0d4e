"""Load from kept-alive raw sockets: prepared requests out, answers counted, as little Python as possible."""

import socket
import threading
import time
from urllib.parse import urlencode, urlsplit

from reactor.core.crypto import decode_aes_key, seal_envelope

COMPONENT = "wx00000000000000c0"
TOKEN = "messagetoken"
AES_KEY_TEXT = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


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


def requests_per_second(url, requests, *, connections, seconds):
    """Send until the time or the requests run out; every answer must be 200 `success`."""
    address = urlsplit(url)
    queue, sent, wrong = iter(requests), [0] * connections, []
    lock, end = threading.Lock(), time.perf_counter() + seconds

    def work(slot):
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            while time.perf_counter() < end and not wrong:
                with lock:
                    prepared = next(queue, None)
                if prepared is None:
                    return
                connection.sendall(prepared)
                answer = connection.recv(65536)
                while not answer.endswith(b"success"):
                    more = connection.recv(65536)
                    if not more:
                        wrong.append(answer)
                        return
                    answer += more
                if not answer.startswith(b"HTTP/1.1 200"):
                    wrong.append(answer)
                sent[slot] += 1

    threads = [threading.Thread(target=work, args=(slot,)) for slot in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"a push was not acknowledged: {wrong[0][:200]!r}")
    return sum(sent) / (time.perf_counter() - began)
