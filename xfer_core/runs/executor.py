"""Where workers run. Three calls, and the run's folder: all that a cluster would have to offer instead.

The worker writes everything there is to know into its folder and its row. An executor only starts it, stops
it, and says whether it still lives.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any, Protocol

from xfer_core.files import read_json
from xfer_core.runs import processes
from xfer_core.runs.store import Run
from xfer_core.settings import LIMITS, child_environment

SUPERVISOR = Path(__file__).with_name("supervisor.py")
WORKER = "worker.json"
EXIT = "exit.json"


class Executor(Protocol):
    def submit(self, run: Run, command: list[str]) -> str:
        """Start *command*; returns a handle that any other process, also after a restart, can use."""

    def alive(self, run: Run, handle: str) -> bool:
        """Whether the run's processes still live."""

    def stop(self, run: Run, handle: str, grace: float) -> None:
        """End the run's processes: asked at once, killed *grace* seconds later."""


class LocalExecutor:
    """Processes of this machine. The handle is the identity of the run's supervisor.

    A worker whose supervisor was killed goes on: it has left its own identity in ``worker.json``. Workers get
    the environment of the process whose tick starts them, a page's or another run's: what a run depends on
    belongs in its config.
    """

    def submit(self, run: Run, command: list[str]) -> str:
        for name in (WORKER, EXIT):
            (run.folder / name).unlink(missing_ok=True)
        grace = str(LIMITS.stop_grace_seconds)
        # -I -S: no site-packages, no user code; the environment is still passed on to the worker.
        line = [sys.executable, "-I", "-S", str(SUPERVISOR), str(run.folder), grace, *command]
        with (run.folder / "log.txt").open("ab") as log:
            child = subprocess.Popen(
                line,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=child_environment(),
            )
        handle = processes.identity(child.pid)
        # A server lives long; it must not keep the zombies of all its runs.
        Thread(target=child.wait, daemon=True, name=f"reap {run.id}").start()
        return handle

    def alive(self, run: Run, handle: str) -> bool:
        if exit_of(run, handle):  # the supervisor has seen the end, and is a tick of the queue by now
            return False
        return processes.alive(handle) or processes.alive(worker_of(run))

    def stop(self, run: Run, handle: str, grace: float) -> None:
        worker = worker_of(run)
        if worker != handle and processes.alive(handle):
            processes.ask(handle)  # it does the rest, by the grace it was started with
        else:
            processes.end(worker, group=worker != handle, grace=grace)


def worker_of(run: Run) -> str:
    """The identity that the worker left in the run's folder; empty before it has."""
    return str(_facts(run.folder / WORKER).get("identity", ""))


def exit_of(run: Run, handle: str) -> dict[str, Any]:
    """What the supervisor of this handle saw of the worker's end; empty if it has not, or did not live to.

    A supervisor whose start was not committed leaves an ``exit.json`` too: that one is not meant.
    """
    facts = _facts(run.folder / EXIT)
    return facts if handle and facts.get("supervisor") == processes.pid_of(handle) else {}


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = read_json(path)
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return facts
