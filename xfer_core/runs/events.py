"""``events.ndjson``: what happened in a run, one line an event, only ever appended to.

Readers keep a cursor (a byte offset) and read on from there. A half-written last line is normal: it is left
for the next read, and a line that a killed writer never finished is stepped over.
"""

from __future__ import annotations

import json
import math
import numbers
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "events.ndjson"
TAIL = 8_192
"""Bytes at the end of a file that surely hold the last progress."""


def append(folder: Path, event: Mapping[str, Any]) -> None:
    """Add *event*, with ``"time"`` (unix seconds), as one line in one write, so that writers do not mix.

    Raises
    ------
    OSError
        If the disk is full or the folder is gone.
    """
    line = json.dumps(plain({"time": time.time(), **event}), ensure_ascii=False, allow_nan=False) + "\n"
    handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            line = "\n" + line  # a writer died in mid-line; do not let it spoil ours
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def read(folder: Path, cursor: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The events written since *cursor* (0 = from the start), and the cursor for the next read."""
    try:
        with (folder / NAME).open("rb") as file:
            file.seek(cursor)
            block = file.read()
    except FileNotFoundError:
        return [], cursor
    whole = block[: block.rfind(b"\n") + 1]
    events = [event for line in whole.splitlines() if (event := _parse(line)) is not None]
    return events, cursor + len(whole)


def last(folder: Path, kind: str) -> dict[str, Any]:
    """The newest event of a *kind* that comes often; only the end of the file is read. Empty without one."""
    try:
        size = (folder / NAME).stat().st_size
    except FileNotFoundError:
        return {}
    written, _ = read(folder, max(0, size - TAIL))
    return next((each for each in reversed(written) if each.get("kind") == kind), {})


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def plain(value: Any) -> Any:
    """*value* as JSON can hold it: NaN and infinities as strings, numpy's numbers as Python's, else text."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        real = float(value)
        if math.isnan(real):
            return "NaN"
        return real if math.isfinite(real) else "Infinity" if real > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    return str(value)


def number(value: float | str | None) -> float:
    """A number of an event as a float; absent is NaN, and so is what :func:`plain` wrote for it."""
    return math.nan if value is None else float(value)
