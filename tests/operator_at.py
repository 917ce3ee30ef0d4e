"""An operator at the pages: a client with a cookie jar, and what is read off the page it got."""

import re
from html import unescape

PASSWORD = "ops-password-of-the-tests"
ADDRESS = "http://localhost"
HTTPS = "https://reactor.example"


class Operator:
    """Walks the pages of one app as a browser without JavaScript does."""

    def __init__(self, app, *, at=ADDRESS, lang="en", address="127.0.0.1"):
        self._client = app.test_client()
        self.at = at
        self.headers = {"Accept-Language": lang}
        self.address = address

    def get(self, path, **headers):
        return self._open("GET", path, headers)

    def send(self, path, data=None, *, method="POST", headers=None, token=None):
        """Send a form with this session's token in it, unless another is given."""
        if token is None:
            token = self.form_token()
        return self._open(method, path, headers or {}, {"form_token": token, **(data or {})})

    def form_token(self):
        """As it stands in the forms of the page where one logs in, or in any other."""
        page = self.get("/ops/login")
        if page.status_code == 303:
            page = self.get("/ops/health")
        return hidden(page, "form_token")

    def log_in(self, password=PASSWORD, next_page="/ops"):
        return self.send("/ops/login", {"password": password, "next": next_page})

    def cookie(self, name="reactor"):
        host = self.at.partition("://")[2]
        return self._client.get_cookie(name, domain=host)

    def keep(self, name, value):
        self._client.set_cookie(name, value, domain=self.at.partition("://")[2])

    def _open(self, method, path, headers, data=None):
        return self._client.open(
            path,
            method=method,
            base_url=self.at,
            data=data,
            headers={**self.headers, **headers},
            buffered=True,
            environ_overrides={"REMOTE_ADDR": self.address},
        )


def hidden(page, name):
    """The value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.get_data(as_text=True))
    assert found, page.get_data(as_text=True)
    return unescape(found[1])


def text_of(page):
    """What a person reads of it, without marks, in one line."""
    bare = re.sub(r"<(script|style)\b.*?</\1>", "", page.get_data(as_text=True), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", bare)).split())
