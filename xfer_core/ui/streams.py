"""What a run is doing, as server-sent events: ``/api/runs/{run}/events``.

Thirty pages watching one run cost a hundredth of a core this way and no script run; thirty polling fragments
cost a fifth of one. Each message carries the cursor it leads to as its id, so that a browser that lost the
connection goes on where it was: it sends that id back by itself.
"""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from xfer_core.errors import NotFound
from xfer_core.i18n import LANGUAGES, translate
from xfer_core.runs import events, queue, store

INTERVAL = 1.0
"""Seconds between two looks at a run."""
HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent: proxies cut silent connections, and only sending finds
out that nobody listens any more."""
TICK = 5.0
"""Seconds between two looks at whether its process still lives."""
BATCH = 2_000
"""Events a message, so that a long run's past arrives in pieces."""

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def run_events(request: Request) -> Response:
    """The stream of one run from ``?cursor=``, or the browser's Last-Event-ID, on.

    A cursor counts bytes of ``events.ndjson``. Messages: ``events`` (a list as in that file, phases in the
    language of ``?lang=``), ``state`` (the run's, first and at each change), and ``end``, after which the
    client must not come back.
    """
    if not _same_origin(request):
        return JSONResponse({"error": "another origin"}, status_code=403)
    run_id = request.path_params["run"]
    try:
        await anyio.to_thread.run_sync(store.get, run_id)
    except NotFound:
        return JSONResponse({"error": "no such run"}, status_code=404)
    cursor = _number(request.headers.get("last-event-id") or request.query_params.get("cursor"))
    language = request.query_params.get("lang", "")
    body = stream(run_id, cursor, language if language in LANGUAGES else "en")
    return StreamingResponse(body, media_type="text/event-stream", headers=HEADERS)


async def stream(run_id: str, cursor: int = 0, language: str = "en") -> AsyncIterator[str]:
    """The messages of one run, until it has ended, is deleted, or the server closes."""
    state, silence, looked = "", 0.0, 0.0
    while not _closing():
        if (looked := looked + INTERVAL) >= TICK:
            looked = 0.0
            await anyio.to_thread.run_sync(queue.tick)
        try:
            # The state before the events: what a run wrote before its end is then sent before its end.
            run = await anyio.to_thread.run_sync(store.get, run_id)
        except NotFound:
            yield message("end", "", cursor)
            return
        start = cursor
        fresh, cursor = await anyio.to_thread.run_sync(events.read, run.folder, cursor)
        for first in range(0, len(fresh), BATCH):
            batch = [_worded(event, language) for event in fresh[first : first + BATCH]]
            # Cut off between two pieces, the client gets all of them again; it knows events by their step.
            yield message("events", batch, cursor if first + BATCH >= len(fresh) else start)
        if run.state != state:
            state = run.state
            yield message("state", state, cursor)
        if not run.live:
            yield message("end", state, cursor)
            return
        silence = 0.0 if fresh else silence + INTERVAL
        if silence >= HEARTBEAT:
            silence = 0.0
            yield ": still here\n\n"
        await anyio.sleep(INTERVAL)


def message(kind: str, value: Any, cursor: int) -> str:
    """One server-sent event: *value* as JSON on one line, *cursor* as its id."""
    return f"event: {kind}\nid: {cursor}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"


def _worded(event: dict[str, Any], language: str) -> dict[str, Any]:
    return {**event, "phase": translate(event["phase"], language)} if event.get("phase") else event


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


def _same_origin(request: Request) -> bool:
    host, origin = request.headers.get("host"), request.headers.get("origin")
    return is_host_allowed(host) and (origin is None or urlsplit(origin).netloc == host)


def _closing() -> bool:
    """Whether the server has been asked to end.

    uvicorn waits for open responses before it tells the app anything; its Server is found as the owner of
    the signal handler that it has put in place.
    """
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))


ROUTES = [Route("/api/runs/{run}/events", run_events, methods=["GET"])]
"""What the launcher adds to the app, below its base path."""
