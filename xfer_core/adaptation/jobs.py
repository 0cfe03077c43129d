"""What a training sees of its method: a folder of its own, the run's wish to stop, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xfer_core.adaptation.results import METHODS
from xfer_core.runs import events
from xfer_core.runs.worker import Job

Told = Callable[[float | None], None]
"""Hears, from time to time, how many seconds the phase at hand will still take (None: not known yet)."""


class MethodJob(Job):
    """The row and the progress of the run stay those of *job*."""

    def __init__(self, job: Job, method: str, told: Told) -> None:
        super().__init__(job.run)
        self.whole, self._told = job, told
        self._folder = job.folder / METHODS / method
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        return self._folder

    def event(self, kind: str, **values: Any) -> None:
        events.append(self._folder, {"kind": kind, **values})

    def metrics(self, **values: Any) -> None:
        """A method has no row; its numbers go into ``results.json``."""

    def phase(self, message: str) -> None:
        if message != self._phase:
            self._phase, self._pace = message, None
            self.event("phase", phase=message)
            self.whole.phase(message)

    def report(self, fraction: float, message: str) -> None:
        self.phase(message)
        if self._due(fraction >= 1):
            self._told(self._left(fraction))

    def progress(self, step: int, steps: int, *, fraction: float | None = None, **values: Any) -> None:
        if self._due(step >= steps):
            left = values.pop("seconds_left", None) or self._left(step / max(steps, 1))
            self._tell(step=step, steps=steps, seconds_left=left, **values)
            self._told(left)

    def stop_requested(self) -> bool:
        self.stopping = self.whole.stop_requested()
        return self.stopping
