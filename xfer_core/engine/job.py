"""One computation asked of the engine, as the asking process sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Any

from xfer_core import progress

Ending = Callable[["Job", str], None]
"""Called with the job and its last state just before others can see it."""


class Job:
    """The state of a computation; its fields may be read from any thread, and only the engine writes them.

    Attributes
    ----------
    key : str
        Fingerprint of function and arguments.
    state : str
        ``"waiting"`` (for its lane), ``"running"``, ``"done"`` or ``"failed"``.
    fraction, message : float, str
        What the function last reported: 0 to 1, and a message id.
    result : Any
        Once done.
    error : Exception | None
        Once failed: the XferError that was raised, or a RuntimeError for a defect of ours.
    """

    def __init__(
        self, key: str, function: str, arguments: dict[str, Any], ending: Ending | None = None
    ) -> None:
        self.key, self.function, self.arguments, self._ending = key, function, arguments, ending
        self.state = "waiting"
        self.fraction, self.message = 0.0, ""
        self.result: Any = None
        self.error: Exception | None = None
        self._over = Event()
        self._began = self._ended = 0.0
        self._reported = (0.0, 0.0)  # when the last report came, and how long the function had worked by then

    @property
    def over(self) -> bool:
        """Whether it is done or failed."""
        return self._over.is_set()

    @property
    def elapsed(self) -> float:
        """Seconds since it began to run; 0 while it waits."""
        if self.state == "waiting":
            return 0.0
        return (self._ended if self.over else time.monotonic()) - self._began

    @property
    def seconds_left(self) -> float | None:
        """Seconds until done at the speed so far; None while that cannot be said."""
        if self.state != "running":
            return None
        heard, worked = self._reported
        left = progress.seconds_left(worked, self.fraction)
        return None if left is None else max(0.0, left - (time.monotonic() - heard))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over, or for *timeout* seconds; returns whether it is over. Never raises."""
        return self._over.wait(timeout)

    def begin(self) -> None:
        self._began = time.monotonic()
        self.state = "running"

    def hear(self, fraction: float, message: str, worked: float) -> None:
        """A report of the function, after *worked* seconds of work."""
        self._reported = (time.monotonic(), worked)
        self.fraction, self.message = fraction, message

    def finish(self, result: Any) -> None:
        self.fraction, self.result = 1.0, result
        self._end("done")

    def fail(self, error: Exception) -> None:
        self.error = error
        self._end("failed")

    def _end(self, state: str) -> None:
        self._ended = time.monotonic()
        self._began = self._began or self._ended
        self.arguments = {}  # may be large, and are not needed any more
        if self._ending is not None:
            self._ending(self, state)
        self.state = state  # last: who reads it finds the rest in place
        self._over.set()
