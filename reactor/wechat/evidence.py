"""What a call's record keeps of what was sent and what came back, without secrets."""

import json
from collections.abc import Mapping
from typing import Any

from reactor.core.masks import MASK, mask_json, mask_text


def of_request(
    path: str, query: Mapping[str, str], payload: Mapping[str, Any] | None, secrets: tuple[str, ...]
) -> str:
    """Method and path, and the body on a line of its own; of the query only the names: it holds tokens."""
    named = "&".join(f"{name}={MASK}" for name in query)
    line = f"{'GET' if payload is None else 'POST'} {path}{'?' if named else ''}{named}"
    return line if payload is None else f"{line}\n{mask_json(dict(payload), secrets)}"


def of_answer(body: bytes, secrets: tuple[str, ...]) -> str:
    """The body: JSON as JSON, anything else as the text that it is."""
    text = body.decode("utf-8-sig", "replace")
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return mask_text(text, secrets)
    return mask_json(found, secrets) if isinstance(found, dict | list) else mask_text(text, secrets)
