"""Real workers, supervisors and kills: a data folder of its own, and nothing left over afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from xfer_core import runs
from xfer_core.runs import executor, processes
from xfer_core.runs.store import Run

WORKERS = Path(__file__).parent / "workers"


@pytest.fixture
def workers(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PYTHONPATH", str(WORKERS))
    yield WORKERS
    for run in runs.listing():
        for name in (run.handle, executor.worker_of(run)):
            if processes.alive(name) and processes.pid_of(name) != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(processes.pid_of(name), signal.SIGKILL)


@pytest.fixture
def submit(workers: Path) -> Callable[..., Run]:
    def submit(do: str = "count", module: str = "fake_worker", **config: Any) -> Run:
        return runs.submit("train", {"do": do, **config}, do, module)

    return submit
