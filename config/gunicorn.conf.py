# noqa: INP001  gunicorn reads this file by its path; it is no module of a package
"""gunicorn: how the web process listens, drains and starts its background work."""

import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from reactor.logs import formatter
from reactor.settings import web_server

_workers, _port = web_server(os.environ)

LINGER_SECONDS = 2.0
DOOR_SECONDS = 4.0  # a turn that hangs in a call is handed back after three


def _host() -> str:
    """[::] answers IPv4 as well, unless this machine has no IPv6 or keeps the two apart."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            apart = probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            probe.bind(("::", 0))  # without listen: nothing is opened
    except OSError:
        apart = 1
    return "0.0.0.0" if apart else "[::]"  # noqa: S104  a platform's router reaches us from outside


bind = f"{_host()}:{_port}"  # some platforms route over IPv6 only


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Once told to end it takes in pushes until all but them has ended, and only then closes the door."""

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001  gunicorn's own signature
        """As gunicorn does; when it ends, the door stays open as long as there is something to wait for."""
        if self.alive or enabled:
            super().set_accept_enabled(enabled)
            return
        # On a connection that is kept alive a push may be on its way; after that, it is closed.
        self._cap_keepalive(time.monotonic() + LINGER_SECONDS)
        ending = threading.Thread(target=self.wsgi.extensions["reactor"].stop_working)
        ending.start()
        self._serve_while(lambda: ending.is_alive() or self.keepalived_conns)
        for listener in self.sockets:
            while select.select([listener], [], [], 0)[0]:
                self.accept(listener)
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            listener.close()

    def _serve_while(self, there_is_reason: Callable[[], object]) -> None:
        end = time.monotonic() + DOOR_SECONDS
        while there_is_reason() and time.monotonic() < end:
            self.notify()
            self.wait_for_and_dispatch_events(timeout=0.1)
            self.murder_keepalived()
            self.murder_pending()


class Lines(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Its own lines look like ours."""

    def setup(self, cfg: Any) -> None:
        """As gunicorn does, then with our lines."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(formatter(terminal=sys.stderr.isatty()))


worker_class = DrainingWorker
logger_class = Lines
workers = _workers
# A push waits for the disk, not for the CPU: while one thread commits, others verify. More than eight
# would only queue at SQLite's one writer, or use up the connections of a small PostgreSQL plan.
threads = 8

timeout = 30  # for gthread a heartbeat, not a limit on a request
graceful_timeout = 8  # gone within 10 s of a SIGTERM; platforms kill after 30 s, some after 5 to 10
keepalive = 95  # a router keeps connections 90 s; closing first would lose the push it is just sending
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  heartbeats wait for no disk
preload_app = False  # threads do not survive a fork: each worker builds its own application
control_socket_disable = True

# Some platforms turn the access log on. Queries stay out, they carry signatures and codes; so does the
# path, which gunicorn writes decoded: %0A in it would forge a line.
accesslog = None
access_log_format = 'method=%(m)s status=%(s)s bytes=%(B)s ms=%(M)s request_id="%({x-request-id}i)s"'

# Nobody may rewrite scheme or path by a header, whatever FORWARDED_ALLOW_IPS says.
forwarded_allow_ips = ""


def on_starting(server: Any) -> None:  # noqa: ARG001  gunicorn passes it
    """Refuse a wrong configuration and migrate before a port is bound; SystemExit(2) ends gunicorn."""
    from reactor.bootstrap import prepare  # noqa: PLC0415  only a start needs it, --check-config does not

    prepare(os.environ)


def post_worker_init(worker: Any) -> None:
    """Start the background work, after the fork and before the first request."""
    worker.wsgi.extensions["reactor"].start()


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001  gunicorn passes it
    """Stop the background work, once the requests are answered; no end but SIGKILL goes past this."""
    app = getattr(worker, "wsgi", None)  # missing when the application could not be loaded
    if app is not None:
        app.extensions["reactor"].stop()
