"""What the web process calls: jobs by their content, two lanes, one engine a process.

The quick lane is for what a click waits for, the long one for what takes its time, so that a long one never
stands before a quick one.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from xfer_core.engine.job import Job
from xfer_core.engine.lane import Lane
from xfer_core.files import fingerprint

LANES = ("quick", "long")
KEPT = 16
"""How many finished results are kept for those who ask the same again."""
WARM_UP = "xfer_core.engine.server:warm_up"


class Engine:
    """Lanes and jobs; safe from any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lanes: dict[str, Lane] = {}
        self._live: dict[str, Job] = {}
        self._done: OrderedDict[str, Job] = OrderedDict()
        self._warming: Job | None = None

    def submit(self, function: str, lane: str, arguments: dict[str, Any]) -> Job:
        asked = key(function, **arguments)
        with self._lock:
            if asked in self._live:
                return self._live[asked]
            if asked in self._done:
                self._done.move_to_end(asked)
                return self._done[asked]
            job = self._live[asked] = Job(asked, function, arguments, self._ended)
            self._lane(lane).add(job)
            return job

    def _ended(self, job: Job, state: str) -> None:
        with self._lock:
            self._live.pop(job.key, None)
            if state == "done":
                self._done[job.key] = job
            if len(self._done) > KEPT:
                self._done.popitem(last=False)

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(name)
        return self._lanes[name]

    def warm(self) -> None:
        with self._lock:
            if self._warming is None:
                self._warming = Job("warm", WARM_UP, {})
                self._lane("quick").add(self._warming)

    def state(self) -> str:
        with self._lock:
            if "quick" not in self._lanes:
                return "off"
            return "ready" if self._warming is None or self._warming.over else "warming"

    def pids(self) -> dict[str, int | None]:
        with self._lock:
            return {name: lane.pid for name, lane in self._lanes.items()}

    def close(self) -> None:
        with self._lock:
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()


_LOCK = Lock()
_engine: Engine | None = None


def engine() -> Engine:
    """The engine of this process, made once."""
    global _engine
    with _LOCK:
        if _engine is None:
            _engine = Engine()
        return _engine


def key(function: str, **arguments: Any) -> str:
    """What the Job of this function and these arguments is known by, submitted or not."""
    return fingerprint(function, _canonical(arguments))


def submit(function: str, *, lane: str = "quick", **arguments: Any) -> Job:
    """Have ``"package.module:function"`` called in a helper process; returns at once.

    The same function with the same arguments is the same Job, for as long as it is not over and then while
    its result is among the last ``KEPT``; what failed is tried again. A function with a parameter ``report``
    gets a Report whose calls move the job's fraction and message. Arguments and results are pickled, and a
    result may hold nothing of torch or its like.
    """
    if lane not in LANES:
        raise ValueError(f"no lane {lane!r}")
    return engine().submit(function, lane, arguments)


def warm() -> None:
    """Start the quick lane and have it import torch and load the bundled model; returns at once."""
    engine().warm()


def state() -> str:
    """``"off"``, ``"warming"`` or ``"ready"``: how far the quick lane is."""
    return engine().state()


def close() -> None:
    """End the helpers; jobs not over fail with Interrupted. The next submit starts a new engine."""
    global _engine
    with _LOCK:
        old, _engine = _engine, None
    if old is not None:
        old.close()


def _canonical(value: Any) -> bytes:
    """Bytes that are equal for equal arguments (pickles are not: they depend on order and identity)."""
    if isinstance(value, dict):
        pairs = sorted((_canonical(key), _canonical(item)) for key, item in value.items())
        return b"{" + fingerprint(*(part for pair in pairs for part in pair)).encode()
    if isinstance(value, list | tuple):
        return b"[" + fingerprint(*map(_canonical, value)).encode()
    if value is None or isinstance(value, str | bytes | int | float | bool | Path):
        return repr(value).encode()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return type(value).__qualname__.encode() + _canonical(fields)
    return pickle.dumps(value)
