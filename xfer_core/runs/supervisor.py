"""Watches one worker to its end; run as a script (``python -I -S``), it stays small and knows nothing of us.

``supervisor.py FOLDER GRACE COMMAND…`` starts the command in a process group of its own, waits, and writes
``exit.json`` (exit code or signal, peak memory, its own pid) into the folder. SIGTERM makes it end the group:
SIGTERM, GRACE seconds, SIGKILL. At its own end it becomes a tick of the queue, which judges the run and
starts the next one even when no page and no server is left.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from resource import struct_rusage

TICK = [sys.executable, "-P", "-m", "xfer_core.runs"]


def main(folder: str, grace: float, command: list[str]) -> None:
    wake, signalled = os.pipe()
    os.set_blocking(signalled, False)
    # A signal must end the wait: select() goes on after a handler, but not past a byte in this pipe.
    signal.set_wakeup_fd(signalled)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    worker = subprocess.Popen(command, process_group=0)
    status, usage = watch(worker.pid, grace, wake)
    kill_group(worker.pid, signal.SIGKILL)  # whatever it left behind
    report(folder, status, usage.ru_maxrss)
    os.execv(TICK[0], TICK)


def watch(worker: int, grace: float, wake: int) -> tuple[int, struct_rusage]:
    """Wait for *worker* to end, ending it when asked to; returns its wait status and resource usage."""
    deadline = None
    while True:
        ended, status, usage = os.wait4(worker, os.WNOHANG)
        if ended:
            return status, usage
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready, _, _ = select.select([wake], [], [], left)
        if not ready:
            kill_group(worker, signal.SIGKILL)
            deadline = time.monotonic() + grace
        elif signal.SIGTERM in os.read(wake, 512) and deadline is None:
            kill_group(worker, signal.SIGTERM)
            deadline = time.monotonic() + grace


def kill_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return


def report(folder: str, status: int, peak: int) -> None:
    code = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
    peak_mb = round(peak * unit / 2**20)
    facts = {"code": max(code, 0), "signal": max(-code, 0), "peak_mb": peak_mb, "supervisor": os.getpid()}
    draft = Path(folder, ".exit.json")
    try:
        draft.write_text(json.dumps(facts))
        draft.replace(Path(folder, "exit.json"))
    except OSError as error:  # disk full: the run will be judged without it
        print(f"exit.json: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
