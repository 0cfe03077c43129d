"""``xfer app``: open the lab in a browser."""

from __future__ import annotations

import argparse
from typing import Any

from xfer_core.cli import parts


def add(commands: Any) -> None:
    this = parts.command(commands, "app", "open the app", open_app, lambda _: "")
    this.add_argument("--port", type=int, default=8501, help="port (default: 8501)")
    this.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    this.add_argument("--no-browser", action="store_true", help="do not open a browser window")


def open_app(args: argparse.Namespace) -> dict[str, Any]:
    from xfer_core.ui import server  # the one door from the command line into the pages

    server.run(host=args.host, port=args.port, headless=args.no_browser)
    return {}
