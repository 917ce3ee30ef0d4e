"""Gestures on a simulator that runs in another process, over its control face."""

from typing import Any

from reactor.simulator.wire import NoAnswer, ask

OK = 200


class RemoteError(Exception):
    """The simulator did not make the gesture; says why."""


class Remote:
    """A running simulator, by its URL."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/_simulator/"

    def state(self) -> dict[str, Any]:
        """Accounts, audits, what is live, calls and planned faults."""
        return self._ask("GET", "state")

    def gesture(self, name: str, **fields: Any) -> dict[str, Any]:
        """Make one gesture; RemoteError when it cannot be made."""
        return self._ask("POST", name, fields)

    def _ask(self, method: str, name: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            status, found = ask(method, self._url + name, fields=fields)
        except NoAnswer as error:
            raise RemoteError(str(error)) from None
        if status != OK or not isinstance(found, dict):
            raise RemoteError(str(found.get("error", status)) if isinstance(found, dict) else "an odd answer")
        return found
