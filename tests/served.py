"""The real web process: gunicorn with the project's configuration, on a loopback port of its own.

`with start(database_url, api_url) as web: web.wait_ready()`; nothing of it outlives the block.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import requests
from known import environment

ROOT = Path(__file__).parents[1]
READY_SECONDS = 30.0
END_SECONDS = 15.0


def wait_until(true, *, seconds=15.0, every=0.02, what="the condition"):
    """Ask again and again; what was found, or an AssertionError once the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds} s"
        time.sleep(every)
    return found


def start(database_url, api_url, *, options=(), **variables):
    """Start gunicorn at once, without waiting; a variable that is None is not set.

    One process of eight threads and fast retries unless told otherwise; `options` go to gunicorn.
    """
    usual = {"WEB_CONCURRENCY": "1", "REACTOR_RETRY_SCALE": "0.01"}
    wanted = environment(database_url, api_url, **(usual | variables))
    return Served({name: value for name, value in wanted.items() if value is not None}, options)


class Process:
    """One Python process in a process group of its own; nothing of it outlives its block."""

    def __init__(self, command, variables):
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **variables},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self._output.close()

    @property
    def log(self):
        """Everything it wrote so far, to stdout and stderr."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), size, 0).decode()  # leaves the writers' position alone

    def kill(self):
        """kill -9 the whole group at the same moment."""
        with suppress(ProcessLookupError):  # all of them have ended
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(END_SECONDS)

    def terminate(self, seconds=END_SECONDS):
        """SIGTERM, as a platform ends a process; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)


class Served(Process):
    """One gunicorn: the arbiter and its workers."""

    def __init__(self, variables, options=()):
        # Bound, but not listening: nobody else is given this port, and gunicorn may still take it.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.port = self._place.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        options = ("-c", "config/gunicorn.conf.py", f"--bind=127.0.0.1:{self.port}", *options)
        super().__init__(("-m", "gunicorn", *options, "wsgi:app"), {"PORT": str(self.port), **variables})

    def __exit__(self, *given):
        super().__exit__(*given)
        self._place.close()

    def wait_ready(self, seconds=READY_SECONDS):
        """Wait until /readyz says 200; an AssertionError with the log when it never does."""
        deadline = time.monotonic() + seconds
        while self._readiness() != 200:
            assert self.process.poll() is None, f"gunicorn ended by itself:\n{self.log}"
            assert time.monotonic() < deadline, f"not ready within {seconds} s:\n{self.log}"
            time.sleep(0.05)
        return self

    def _readiness(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def request(self, method, path, **more):
        """One request on a connection of its own; redirects are not followed."""
        with requests.Session() as session:
            session.trust_env = False
            more = {"timeout": 10, "allow_redirects": False} | more
            return session.request(method, self.url + path, **more)

    def send(self, *pieces, seconds=10.0):
        """Write raw bytes to a connection of its own; everything that comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            for piece in pieces:
                connection.sendall(piece)
            answer = b""
            while data := connection.recv(65536):
                answer += data
            return answer
