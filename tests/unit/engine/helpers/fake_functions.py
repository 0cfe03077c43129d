"""Functions for the engine's helpers to call."""

from __future__ import annotations

import os
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from xfer_core.errors import BadModel
from xfer_core.progress import Report

CALLS = 0


def add(a: int, b: int = 0) -> int:
    return a + b


def where() -> dict[str, Any]:
    main = sys.modules["__main__"]
    return {
        "pid": os.getpid(),
        "main": getattr(main, "__file__", ""),
        "hub": os.environ.get("HF_HUB_OFFLINE"),
    }


def count(note: Path) -> int:
    """How often it was really called."""
    with note.open("a") as file:
        file.write("x")
    time.sleep(0.2)
    return note.stat().st_size


def steps(n: int, seconds: float, report: Report) -> int:
    for step in range(n):
        time.sleep(seconds)
        report((step + 1) / n, f"step {step // 10}")
    return n


def chatter(n: int, report: Report) -> int:
    for step in range(n):
        report(step / n, "same")
    return n


def refuse() -> None:
    raise BadModel("The model {name} is odd.", "Take {other}.", name="a{b}", other="another")


def defect() -> None:
    raise ZeroDivisionError("ours")


def interrupt() -> None:
    raise SystemExit(5)


def fail_once(note: Path) -> str:
    if not note.exists():
        note.write_text("failed")
        raise BadModel("Not yet.")
    return "fine"


def crash(signal: int) -> None:
    os.kill(os.getpid(), signal)
    time.sleep(5)


def sleep(seconds: float, note: Path | None = None) -> None:
    if note is not None:
        note.write_text(str(os.getpid()))
    time.sleep(seconds)


def unsendable() -> Any:
    return threading.Lock()


def heavy() -> Any:
    """An object whose class lives in a module that calls itself torch."""
    Fraction.__module__ = "torch.fractions"
    sys.modules["torch.fractions"] = sys.modules["fractions"]
    return Fraction(1, 3)


def block(megabytes: int) -> bytes:
    return bytes(megabytes * 2**20)


def fake_warm_up() -> None:
    time.sleep(0.3)
