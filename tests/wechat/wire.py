"""A loopback server without manners, for the tests of the WeChat client."""

import json
import socket
import struct
import threading
import time
from contextlib import ExitStack, closing

APPID, COMPONENT = "wx0123456789abcdef", "wxfedcba9876543210"
SIGN = "s3cret-4e"  # what is looked for
CANARY = f"{SIGN}/0f=1d+7a"  # with characters that a URL writes otherwise
OK = {"errcode": 0, "errmsg": "ok"}


def http(body, *, status="200 OK", headers=""):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(raw)}\r\n{headers}\r\n".encode() + raw


def reset(conn):
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang_up(conn):
    """Say nothing; the connection is closed behind it."""


def silent(conn):
    conn.settimeout(5)
    conn.recv(1)  # until the client gives up and closes


def trickle(start, drop):
    def answer(conn):
        conn.sendall(start)
        ends = time.monotonic() + 5
        while time.monotonic() < ends:
            conn.sendall(drop)
            time.sleep(0.02)

    return answer


class Wire:
    """A loopback server without manners: each request gets the next answer, the last one for ever.

    An answer is bytes (the connection stays) or something called with the connection (it is closed then).
    """

    def __init__(self, *script, tls=None, greeting=None):
        self.script, self.tls, self.greeting = list(script), tls, greeting
        self.requests, self.connections = [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if tls or greeting else "http"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self._accept)]
        self.open = []
        self.threads[0].start()

    def _accept(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(conn)
            self.threads.append(threading.Thread(target=self._serve, args=(conn,)))
            self.threads[-1].start()

    def _serve(self, conn):
        with ExitStack() as stack:
            stack.enter_context(closing(conn))
            try:
                if self.greeting:
                    self.greeting(conn)
                    return
                if self.tls:
                    conn = stack.enter_context(closing(self.tls.wrap_socket(conn, server_side=True)))
                while request := self._request(conn):
                    self.requests.append(request)
                    answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                    if callable(answer):
                        answer(conn)
                        return
                    conn.sendall(answer)
            except OSError:
                return

    def _request(self, conn):
        raw = b""
        while b"\r\n\r\n" not in raw:
            more = conn.recv(65536)
            if not more:
                return b""
            raw += more
        head, _, body = raw.partition(b"\r\n\r\n")
        due = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while due and len(body) < due[0]:
            body += conn.recv(65536)
        return head + b"\r\n\r\n" + body

    def drained(self):
        """Whether every connection ends without our doing."""
        ends = time.monotonic() + 5
        return all(
            thread.join(max(0, ends - time.monotonic())) or not thread.is_alive()
            for thread in self.threads[1:]
        )

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for conn in self.open:
            conn.close()
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()


def refused_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        return gone.getsockname()[1]
