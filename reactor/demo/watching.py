"""How the demonstration sees what happens: through the same API as everybody."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from reactor.demo.stage import Stage
from reactor.demo.surprise import Stopped, Surprise
from reactor.simulator.wire import NoAnswer, ask

OK = 200
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 15.0
T = TypeVar("T")


class Watch:
    """Eyes on one stage; every wait ends by itself, when told to stop, or with the web process."""

    def __init__(self, stage: Stage, stop: threading.Event) -> None:
        self._stage = stage
        self._stop = stop

    def get(self, path: str) -> dict[str, Any]:
        """Read one answer of the API."""
        status, found = self._get(f"/api/v1{path}")
        if status != OK:
            raise Surprise(f"GET {path} answers 200", f"{status} {found}")
        return dict(found)

    def release_of(self, authorizer_appid: str, version: str) -> dict[str, Any] | None:
        """One release with its history and calls, once WeChat has told the worker its version."""
        for item in self.get(f"/releases?authorizer_appid={authorizer_appid}")["items"]:
            if item["user_version"] == version:
                return self.get(f"/releases/{item['id']}")
        return None

    def until(self, expected: str, look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
        """Look again and again until something is there; a Surprise when the time is over."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            self.pause(POLL_SECONDS)
            if time.monotonic() > deadline:
                raise Surprise(expected, f"not within {seconds:.0f} s; now {self._summary()}")
        return found

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        if self._stop.wait(seconds):
            raise Stopped
        code = self._stage.web_ended()
        if code is not None:
            raise Surprise("the web process runs", f"it ended by itself with exit code {code}")

    def until_ready(self) -> None:
        """Wait for the web process to answer."""
        self.until("the web process is ready", self._is_ready)

    def _is_ready(self) -> bool:
        try:
            return self._get("/readyz")[0] == OK
        except Surprise:
            return False

    def _get(self, path: str) -> tuple[int, Any]:
        try:
            return ask("GET", self._stage.url + path, bearer=self._stage.api_token)
        except NoAnswer as error:
            raise Surprise(f"GET {path} is answered", str(error)) from None

    def _summary(self) -> str:
        try:
            items = self.get("/releases")["items"]
        except Surprise as silent:
            return silent.seen
        names = ("authorizer_appid", "user_version", "state", "reason")
        return "; ".join(" ".join(str(item[name]) for name in names) for item in items) or "no releases"
