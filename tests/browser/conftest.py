"""A real server, a real Chromium, and what every page must keep: no error, no foreign host, no overflow."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from xfer_core.settings import root

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
)
SIZES = {1440: 900, 390: 844}
TALL = 1900
"""Height of kept pictures, in pixels: the pages scroll inside a frame, so "full page" would not show more."""
ARTEFACTS = root() / "artefacts"
# A hard load of /page probes for a base path; Streamlit's front end does this itself.
PROBES = ("/_stcore/health", "/_stcore/host-config")

expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        if CHROMIUM is None and not Path(play.chromium.executable_path).exists():
            assert "CI" not in os.environ, "browser tests are never skipped in CI"
            pytest.skip("no Chromium: install it, or run playwright install chromium")
        running = play.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield running
        running.close()


@dataclass
class Server:
    """``xfer app`` as a process of its own, on a free port of this machine."""

    home: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        code = "import sys; from xfer_core.cli import main; sys.exit(main())"
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, "app", "--port", str(self.port), "--no-browser"],
                env={**os.environ, "XFER_HOME": str(self.home)},
                stdout=log,
                stderr=log,
            )
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                    if answer.read() == b"ok":
                        return
            except OSError:
                time.sleep(0.1)
        raise TimeoutError((self.home / "server.log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="session")
def server_home(session_home: Path) -> Path:
    home = session_home / "served"
    home.mkdir()
    (home / "downloads").symlink_to(session_home / "downloads")
    return home


@pytest.fixture(scope="session")
def server(server_home: Path) -> Iterator[Server]:
    running = Server(server_home)
    running.start()
    yield running
    running.stop()


@dataclass
class Visitor:
    """A fresh browser context that remembers all that went wrong in it."""

    context: BrowserContext
    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(f"page error: {error}"))
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(PROBES):
            self.wrong.append(f"console: {message.text} {message.location['url']}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, self.url.replace("http", "ws"), "data:", "blob:")):
            self.wrong.append(f"request to {request.url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        self.idle()
        return self.page

    def idle(self) -> None:
        """Until the script has run and the connection stands; then a little for debounced widgets."""
        self.page.locator(
            "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
        ).wait_for(state="attached", timeout=60_000)
        self.page.wait_for_timeout(250)

    def check(self) -> None:
        assert self.wrong == []
        assert self.page.locator("[data-testid=stException]").count() == 0
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"the page is {wide} px wider than the window"

    def screenshot(self, name: str) -> None:
        """Keep pictures of the page as it stands: wide and narrow, in the theme it has."""
        ARTEFACTS.mkdir(exist_ok=True)
        before = self.page.viewport_size
        for width in SIZES:
            self.page.set_viewport_size({"width": width, "height": TALL})
            self.page.wait_for_timeout(600)
            self.page.screenshot(path=ARTEFACTS / f"{name}-{width}.png", full_page=False)
            self.check()
        if before:
            self.page.set_viewport_size(before)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """``visit(width=1440, scheme="light", locale="en-GB")``: a new visitor; all are checked at the end."""
    visitors: list[Visitor] = []

    def arrive(width: int = 1440, scheme: str = "light", locale: str = "en-GB") -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": SIZES[width]},
            color_scheme=scheme,  # type: ignore[arg-type]
            locale=locale,
            accept_downloads=True,
        )
        visitor = Visitor(context, context.new_page(), server.url)
        visitor.watch()
        visitors.append(visitor)
        return visitor

    yield arrive
    for visitor in visitors:
        if not visitor.page.is_closed():
            visitor.check()
        assert visitor.wrong == []
        visitor.context.close()
