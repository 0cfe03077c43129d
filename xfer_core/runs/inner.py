"""What one training sees of a run that does several, one after the other or side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xfer_core.runs import events
from xfer_core.runs.worker import Job

Told = Callable[[float | None], None]
"""Hears, from time to time, how many seconds the training will still take (None: not known yet)."""


class InnerJob(Job):
    """A folder and events of its own; the row, the progress and the wish to stop stay those of *whole*."""

    def __init__(self, whole: Job, folder: Path, told: Told) -> None:
        super().__init__(whole.run)
        self.whole, self._folder, self._told = whole, folder, told
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        return self._folder

    def event(self, kind: str, **values: Any) -> None:
        events.append(self._folder, {"kind": kind, **values})

    def metrics(self, **values: Any) -> None:
        """A training has no row; its numbers are among the results of the run."""

    def phase(self, message: str) -> None:
        if message != self._phase:
            self._phase, self._pace = message, None
            self.event("phase", phase=message)

    def report(self, fraction: float, message: str) -> None:
        self.phase(message)
        if self._due(fraction >= 1):
            self._tell(fraction=fraction, seconds_left=self._left(fraction))
            self._told(None)

    def progress(self, step: int, steps: int, *, fraction: float | None = None, **values: Any) -> None:
        if self._due(step >= steps):
            left = values.pop("seconds_left", None) or self._left(step / max(steps, 1))
            self._tell(step=step, steps=steps, seconds_left=left, **values)
            self._told(left)

    def stop_requested(self) -> bool:
        self.stopping = self.whole.stop_requested()
        return self.stopping
