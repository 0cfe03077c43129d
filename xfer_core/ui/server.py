"""The server: Streamlit as an ASGI app with our routes, headers and start-up.

- ``parts()``: what makes ``st.App(SHELL, **parts(base_path))`` ours; ``app.py`` calls it, for
  ``streamlit run app.py``, ``python app.py`` and ``uvicorn app:app``
- ``run(host, port, headless)``: for ``xfer app``; blocks until stopped
"""

from __future__ import annotations

import base64
import gc
import hashlib
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xfer_core.settings import root
from xfer_core.ui.streams import ROUTES

SHELL = Path(__file__).with_name("shell.py")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def parts(base_path: str = "") -> dict[str, Any]:
    """Start-up, routes and headers, for a server below *base_path* (``server.baseUrlPath``).

    Streamlit moves its own routes there, but not those it is given. One Mount round all of ours would answer
    for everything else below that path too, so each moves by itself.
    """
    folder = base_path.strip("/")
    base = f"/{folder}" if folder else ""
    routes: list[BaseRoute] = [
        Mount(f"{base}/web", Scripts(directory=root() / "assets" / "web", check_dir=False))
    ]
    routes += [Route(base + route.path, route.endpoint, methods=["GET"]) for route in ROUTES]
    return {"lifespan": _lifespan, "routes": routes, "middleware": [Middleware(SecurityHeaders)]}


def run(host: str = "127.0.0.1", port: int = 8501, headless: bool = False) -> None:
    """Serve until stopped. Our configuration is passed: Streamlit looks for one beside ``sys.argv[0]``."""
    options = configuration()
    options |= {"server.address": host, "server.port": port, "server.headless": headless}
    if host not in LOOPBACK:
        options["server.allowedHosts"] = []  # reached under names we cannot know
    st.App(SHELL, **parts()).run(config=options)


def configuration() -> dict[str, Any]:
    """``.streamlit/config.toml`` as ``{"server.port": …}``."""
    with (root() / ".streamlit" / "config.toml").open("rb") as file:
        return _flat(tomllib.load(file))


def _flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


@asynccontextmanager
async def _lifespan(app: st.App) -> AsyncIterator[None]:
    import pandas  # noqa: F401  imported now, so that no first visitor waits for it
    import plotly.graph_objects  # noqa: F401

    from xfer_core import engine
    from xfer_core.runs import queue

    queue.tick()  # what was queued or running when the server stopped
    engine.warm()
    # What is imported now stays; a collector that does not look at it again is cheap for every session.
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        engine.close()


def content_security_policy() -> str:
    """Only this server's own files; no framing elsewhere; images of user text cannot call other hosts.

    Streamlit's page needs its one inline script (named by its hash), inline styles, compiled chart code
    (``unsafe-eval``: Vega and Plotly build functions) and blobs for components and downloads.
    """
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    hashes = " ".join(_source_hash(script) for script in re.findall(r"<script>(.*?)</script>", page, re.S))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' blob: {hashes}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def _source_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class Scripts(StaticFiles):
    """Our JavaScript, asked about at every load: a module imports others by names that do not change."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


class SecurityHeaders:
    """Adds the headers Streamlit does not send. Plain ASGI, so that streams pass through unbuffered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_security_policy(),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers)
            await send(message)

        await self.app(scope, receive, sealed if scope["type"] == "http" else send)
