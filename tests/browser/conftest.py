"""A real browser at the pages of a real server on loopback."""

import os
import re
import shutil
import threading
from contextlib import contextmanager

import pytest
from operator_at import PASSWORD
from playwright.sync_api import sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]


@pytest.fixture
def database_url(sqlite_template, tmp_path):
    """One database will do: what a page holds is tested on both without a browser."""
    shutil.copy(sqlite_template, tmp_path / "reactor.db")
    return f"sqlite:///{tmp_path / 'reactor.db'}"


@pytest.fixture(scope="session")
def chromium():
    """The browser that the system brings."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no Chromium is installed here")
    assert CHROMIUM, "the gate must install a Chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class _Silent(WSGIRequestHandler):
    def log(self, *_):
        pass


@contextmanager
def served(app):
    """The app on a loopback port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    server.daemon_threads = False  # they are waited for when the server closes
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Visit:
    """One browser window at one server, and everything it complained about."""

    def __init__(self, window, root):
        self.window, self.root = window, root
        self.page = window.new_page()
        self.complaints, self.foreign = [], []
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)

    def _listen(self, message):
        # That a page has status 403 or 404 is what some tests want to see.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            self.complaints.append(message.text)

    def _watch(self, request):
        if not request.url.startswith((self.root, "data:")):
            self.foreign.append(request.url)

    def go(self, path):
        return self.page.goto(self.root + path)

    def log_in(self, password=PASSWORD):
        self.go("/ops/login")
        return self.give(password)

    def give(self, password):
        """Type the password at the door and send it."""
        self.page.fill("#password", password)
        with self.page.expect_navigation():
            self.page.press("#password", "Enter")
        return self

    def follow(self, selector):
        """Click what leads to a page, and wait for that."""
        with self.page.expect_navigation():
            self.page.click(selector)

    @property
    def path(self):
        return self.page.url.removeprefix(self.root)

    @property
    def text(self):
        return re.sub(r"\s+", " ", self.page.inner_text("body"))


@pytest.fixture
def visit(chromium, office):
    """Open windows: `visit(width=360, lang="zh-CN", dark=True, script=False)`; no complaint may be left."""
    visits = []
    with served(office.app) as root:

        def open_window(*, width=1280, height=800, lang="en", dark=False, script=True):
            window = chromium.new_context(
                viewport={"width": width, "height": height},
                locale=lang,
                color_scheme="dark" if dark else "light",
                java_script_enabled=script,
            )
            visits.append(Visit(window, root))
            return visits[-1]

        yield open_window
        for one in visits:
            one.window.close()
    assert [one.complaints for one in visits if one.complaints] == []
    assert [one.foreign for one in visits if one.foreign] == []


@pytest.fixture
def office(build_house):
    """A reactor whose pages are open to whoever knows the password."""
    return build_house(REACTOR_OPS_PASSWORD=PASSWORD)
