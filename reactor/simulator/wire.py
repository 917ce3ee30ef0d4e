"""JSON over HTTP and free ports, for rehearsals: no proxies, no redirects, nothing from the environment."""

import socket
from typing import Any

import requests

TIMEOUT_SECONDS = 5.0


class NoAnswer(Exception):
    """Nobody answered, or not in JSON."""


def ask(
    method: str, url: str, *, fields: dict[str, Any] | None = None, bearer: str | None = None
) -> tuple[int, Any]:
    """One request on a connection of its own: the status and the JSON of its answer."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                method, url, json=fields, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
            return answer.status_code, answer.json()
        except requests.RequestException as error:
            raise NoAnswer(f"no answer from there ({type(error).__name__})") from None


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])
