"""What the demonstration plays on: a small WeChat in this process, the real web process beside it."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from random import SystemRandom
from typing import Self

from reactor.simulator.component import Component, letters
from reactor.simulator.face import serve
from reactor.simulator.wire import free_port

NEEDED = ("wsgi.py", "config/gunicorn.conf.py")
RETRY_SCALE = 0.2
PROCESSES = 2
END_SECONDS = 20.0  # gunicorn takes 10 at most, on a machine that is not busy
_TROUBLE = re.compile(r'\b(?:ERROR|CRITICAL)\b|"level": "(?:error|critical)"|^Traceback ')
_FOREIGN = re.compile(
    r"WECHAT_.*|REACTOR_.*|(?:DATABASE_URL|WEB_CONCURRENCY|PORT|TRUSTED_PROXIES)(?:_FILE)?|GUNICORN_CMD_ARGS"
)


def missing_files(root: Path) -> list[str]:
    """What the demonstration needs and this folder does not hold."""
    return [name for name in NEEDED if not (root / name).is_file()]


def first_trouble(log: str) -> str | None:
    """Give the first line that tells of an error."""
    return next((line for line in log.splitlines() if _TROUBLE.search(line)), None)


class Stage:
    """Context manager; nothing of it outlives the block: no process, no folder, no port."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.component = Component.made_up()
        self.api_token = letters(SystemRandom(), 32)
        self.ops_password = letters(SystemRandom(), 12)
        self._root = root
        self._environ = environ
        self._cleaning = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as cleaning:
            self.folder = Path(tempfile.mkdtemp(prefix="reactor-demo-"))
            cleaning.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._log = self.folder / "web.log"
            self.platform = self.component.platform()
            self.face = serve(self.platform)
            cleaning.callback(self.face.close)
            self._start_web(cleaning)
            self._cleaning = cleaning.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleaning.close()

    def _start_web(self, cleaning: ExitStack) -> None:
        address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{address}"
        options = ("-c", "config/gunicorn.conf.py", "--bind", address, "wsgi:app")
        with self._log.open("wb") as log:
            self._web = subprocess.Popen(  # noqa: S603 - this interpreter, and options of our own
                [sys.executable, "-m", "gunicorn", *options],
                cwd=self._root,
                env=self._variables(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is ours to handle
            )
        cleaning.callback(self.end_web)

    def _variables(self) -> dict[str, str]:
        policy = self.folder / "policy.toml"
        policy.write_text('[default]\nmode = "auto"\n', "utf-8")
        inherited = {name: value for name, value in self._environ.items() if not _FOREIGN.fullmatch(name)}
        return inherited | {
            **self.component.variables(),
            "WECHAT_API_URL": self.face.url,
            "DATABASE_URL": f"sqlite:///{self.folder / 'reactor.db'}",
            "REACTOR_API_TOKEN": self.api_token,
            "REACTOR_OPS_PASSWORD": self.ops_password,
            "REACTOR_PUBLIC_URL": self.url,
            "REACTOR_WORKER": "thread",
            "REACTOR_RETRY_SCALE": str(RETRY_SCALE),
            "REACTOR_POLICY": str(policy),
            "WEB_CONCURRENCY": str(PROCESSES),
        }

    def web_ended(self) -> int | None:
        """Give the exit code of the web process, if it ended."""
        return self._web.poll()

    def end_web(self) -> int:
        """End the web process, as a platform does; its exit code."""
        if self._web.poll() is None:
            self._web.send_signal(signal.SIGTERM)
        try:
            return self._web.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL
        finally:
            with suppress(ProcessLookupError):  # whoever of its children is still there
                os.killpg(self._web.pid, signal.SIGKILL)
            self._web.wait()

    def trouble(self) -> str | None:
        """Give the first line of the web process's log that tells of an error."""
        return first_trouble(self._log.read_text("utf-8", "replace"))

    def keep_log(self) -> Path:
        """Copy the log to where it stays."""
        handle, name = tempfile.mkstemp(prefix="reactor-demo-", suffix=".log")
        with os.fdopen(handle, "wb") as kept:
            kept.write(self._log.read_bytes())
        return Path(name)
