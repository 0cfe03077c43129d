"""What the tests of real processes wait for."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.waiting import until
from xfer_core import runs
from xfer_core.runs import executor, processes
from xfer_core.runs.store import Run

ROOT = Path(__file__).parents[3]


def ended(run: Run) -> Run:
    """The run once it has ended, without a tick of ours."""
    until(lambda: not runs.get(run.id).live)
    return runs.get(run.id)


def at_work(run: Run) -> int:
    """The worker's pid, once its body runs."""
    until(lambda: (run.folder / "starts").exists())
    return processes.pid_of(executor.worker_of(run))


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def gone(pid: int) -> bool:
    return not processes.identity(pid)
