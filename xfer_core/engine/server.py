"""Inside a helper process: ``python -m xfer_core.engine.server LANE FD`` calls what it is asked to, in order.

It speaks over an inherited socket with the process that started it, and ends when that one does.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any

from xfer_core.errors import XferError
from xfer_core.progress import Report

REPORT_SECONDS = 0.1


def main(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the process that started us
    calls: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_listen, args=(pipe, calls), daemon=True).start()
    while True:
        call = calls.get()
        _send(pipe, ("begun", None))
        _send(pipe, _answer(pipe, call))


def _listen(pipe: Connection, calls: SimpleQueue[bytes]) -> None:
    """Pass calls on. When the other process ends, so does this one, in the middle of a call too.

    (PR_SET_PDEATHSIG would not do: it follows the thread that started us, and threads end.)
    """
    while True:
        try:
            calls.put(pipe.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _answer(pipe: Connection, call: bytes) -> tuple[str, Any]:
    """What the call gives, as ``("done", result)`` or ``("failed", error)``."""
    try:
        name, arguments = pickle.loads(call)
        function = find(name)
        if "report" in inspect.signature(function).parameters:
            arguments["report"] = _reporter(pipe)
        return "done", function(**arguments)
    except XferError as error:
        return "failed", error
    except BaseException as error:
        traceback.print_exc()
        return "failed", RuntimeError(f"{type(error).__name__}: {error}")


def _send(pipe: Connection, answer: tuple[str, Any]) -> None:
    try:
        block = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # anything may be raised by what cannot be pickled
        traceback.print_exc()
        block = pickle.dumps(("failed", RuntimeError(f"the result cannot be sent: {error}")))
    pipe.send_bytes(block)


def _reporter(pipe: Connection) -> Report:
    """A report that passes on ten times a second at most, but every new message."""
    began = time.monotonic()
    sent, said = -REPORT_SECONDS, ""

    def report(fraction: float, message: str) -> None:
        nonlocal sent, said
        now = time.monotonic()
        if message != said or now - sent >= REPORT_SECONDS:
            sent, said = now, message
            _send(pipe, ("progress", (fraction, message, now - began)))

    return report


def find(name: str) -> Callable[..., Any]:
    """The function named ``"package.module:function"``."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def warm_up() -> None:
    """Import what nearly every call needs, and read the bundled model once."""
    from xfer_core.models.load import load
    from xfer_core.models.sources import BUNDLED, resolve

    load(resolve(BUNDLED))


if __name__ == "__main__":
    main(Connection(int(sys.argv[2])))
