"""The small WeChat's HTTP face: sockets, keep-alive, and everything that can go wrong on the way."""

import json
import os
import socket
import socketserver
import struct
import sys
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qsl, urlsplit

from reactor.simulator import api, control
from reactor.simulator.faults import Fault
from reactor.simulator.platform import Platform
from reactor.simulator.records import Call

CONTROL = "/_simulator/"
MOST_BYTES = 1 << 20
CLOSE_SECONDS = 5.0
HTML = b"<html><body>502 Bad Gateway</body></html>"


def serve(platform: Platform, *, host: str = "127.0.0.1", port: int = 0) -> "Face":
    """Open the face; port 0 takes a free one. Close it, or use it as a context manager."""
    return Face(platform, host, port)


class Face:
    """An open face: `url` is the API's base, without a slash at its end."""

    def __init__(self, platform: Platform, host: str, port: int) -> None:
        self.platform = platform
        self._server = _Server((host, port), platform)
        self.url = f"http://{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="simulator")
        self._thread.daemon = True
        self._thread.start()

    def close(self) -> None:
        """End everything at once: waiting answers, held calls, idle connections. Once is enough."""
        if not self._server.stopping.is_set():
            self._server.stopping.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], platform: Platform) -> None:
        self.platform = platform
        self.stopping = threading.Event()
        self._open: set[Any] = set()
        self._changed = threading.Condition()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # The parent's way asks the DNS for its own name, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "simulator", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(request)
                self._changed.notify_all()

    def hang_up(self) -> None:
        """Cut every connection and wait until its thread has let go of it."""
        with self._changed:
            for request in self._open:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._open, CLOSE_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A caller that was killed, or gave up, is what these connections are for.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers leave in one piece: with Nagle's way a small second piece waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if not 0 <= length <= MOST_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(HTTPStatus.BAD_REQUEST, HTML, "text/html")
            return
        self._handle(self.rfile.read(length))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The time of the platform, not of this machine."""
        return super().date_time_string(int(self._platform.clock()) if timestamp is None else timestamp)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Stay silent: the URLs hold tokens, and the platform remembers every call."""

    @property
    def _server(self) -> _Server:
        return cast(_Server, self.server)

    @property
    def _platform(self) -> Platform:
        return self._server.platform

    def _handle(self, body: bytes) -> None:
        url = urlsplit(self.path)
        query = dict(reversed(parse_qsl(url.query, keep_blank_values=True)))
        request = api.Request(self.command, url.path, query, body)
        if url.path.startswith(CONTROL):
            self._control(request)
            return
        fault = self._platform.take_fault(request.call, api.subject(self._platform, request))
        if fault is None:
            self._answer(api.answer(self._platform, request))
        else:
            self._go_wrong(fault, request)

    def _go_wrong(self, fault: Fault, request: api.Request) -> None:
        stopping = self._server.stopping
        if fault.way == "hold":
            self._hold(fault, request)
            return
        if fault.way == "delay":
            stopping.wait(fault.seconds)
            self._answer(api.answer(self._platform, request, fault=fault.kind))
            return
        self._spoil_effect(fault, request)
        match fault.way:
            case "errcode":
                self._answer(api.refusal(self._platform, fault.errcode or 0))
            case "timeout":
                stopping.wait(fault.seconds)
                self.close_connection = True
            case "reset":
                self._reset()
            case "http_500":
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, HTML, "text/html")
            case _:
                self._send(HTTPStatus.OK, HTML, "text/html")

    def _spoil_effect(self, fault: Fault, request: api.Request) -> None:
        if fault.after:
            api.answer(self._platform, request, fault=fault.kind)
        else:
            self._record_nothing(fault, request)

    def _record_nothing(self, fault: Fault, request: api.Request) -> None:
        platform = self._platform
        whom = api.subject(platform, request)
        platform.record(Call(platform.clock(), request.call, whom, fault.errcode, fault=fault.kind))

    def _hold(self, fault: Fault, request: api.Request) -> None:
        result = api.answer(self._platform, request, fault=fault.kind) if fault.after else None
        if fault.gate.passed(self._server.stopping):
            self._answer(result or api.answer(self._platform, request, fault=fault.kind))
            return
        if result is None:
            self._record_nothing(fault, request)
        self.close_connection = True

    def _control(self, request: api.Request) -> None:
        name = request.path.removeprefix(CONTROL)
        if request.method == "GET" and name == "state":
            self._answer(control.state(self._platform))
            return
        if request.method != "POST" or name not in control.GESTURES:
            known = ["GET state", *(f"POST {gesture}" for gesture in control.GESTURES)]
            self._answer({"error": "no such gesture", "known": known}, HTTPStatus.NOT_FOUND)
            return
        try:
            self._answer(control.gesture(self._platform, name, request.body))
        except ValueError as wrong:
            self._answer({"error": str(wrong)}, HTTPStatus.BAD_REQUEST)

    def _answer(self, result: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
        text = json.dumps(result, ensure_ascii=False).encode()
        self._send(status, text, "application/json; encoding=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        # With a linger of zero, closing sends RST. Detached, or the files made of it would keep it open.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True
