"""What the training of one method sees of its run."""

from __future__ import annotations

from xfer_core.adaptation.results import METHODS
from xfer_core.runs.inner import InnerJob, Told
from xfer_core.runs.worker import Job


class MethodJob(InnerJob):
    """Its phases are the run's too, and *told* hears of the phase at hand."""

    def __init__(self, job: Job, method: str, told: Told) -> None:
        super().__init__(job, job.folder / METHODS / method, told)

    def phase(self, message: str) -> None:
        super().phase(message)
        self.whole.phase(message)

    def report(self, fraction: float, message: str) -> None:
        self.phase(message)
        if self._due(fraction >= 1):
            self._told(self._left(fraction))
