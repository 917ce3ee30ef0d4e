"""What protects every page: headers that leave no room for foreign content, forms that are ours alone."""

import hmac
import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

from flask import Response, abort, g, request

from reactor.admission import form_token
from reactor.web.ops import assets

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not `no-referrer`: with it browsers send `Origin: null` along with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_READING = ("GET", "HEAD", "OPTIONS")
_FOREIGN = "The form came from another page, or this page was open for too long."


def is_ops(path: str) -> bool:
    """Whether this is a path of the pages."""
    return path == "/ops" or path.startswith("/ops/")


def is_loopback() -> bool:
    """Whether the browser runs on this machine, by the name it calls us by."""
    host = urlsplit(f"//{request.host}").hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def is_plain() -> bool:
    """Whether this page may do without TLS: only where nothing leaves the machine."""
    return is_loopback() and not request.is_secure


def token_of_forms() -> str:
    """The hidden field of every form."""
    return form_token(g.token)


def refuse_foreign_forms(public_url: str | None) -> None:
    """A change is asked for by a form of our own, with this browser's token in it; else 403."""
    if request.method in _READING:
        return
    given = request.form.get("form_token", "")
    known = hmac.compare_digest(given.encode("utf-8", "replace"), token_of_forms().encode())
    if not (known and _is_same_site(public_url)):
        abort(403, _FOREIGN)


def _is_same_site(public_url: str | None) -> bool:
    """As the browser says; no page can make it say otherwise."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or origin in {_origin(request.host_url), _origin(public_url or "")}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def protect(response: Response) -> Response:
    """The headers of every answer under /ops."""
    if not is_ops(request.path):
        return response
    response.headers.update(HEADERS)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = "Cookie, Accept-Language"
    if request.endpoint == "ops.static":
        response.headers.pop("Vary")
        assets.keep_long(response)
    if not is_plain():  # which browsers heed over https alone
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response
