"""A worker of a few milliseconds: ``config["do"]`` says what it does, to see what becomes of its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

if os.environ.get("FAKE_SLOW_IMPORT"):
    time.sleep(float(os.environ["FAKE_SLOW_IMPORT"]))

from xfer_core.errors import BadTable
from xfer_core.runs import processes, worker

if os.environ.get("FAKE_NO_PROC"):
    processes.PROC = Path("/nowhere")


def body(job: worker.Job) -> None:
    with (job.folder / "starts").open("a") as file:
        file.write(f"{os.getpid()} {time.time()}\n")
    BEHAVIOURS[job.config.get("do", "count")](job)
    with (job.folder / "ends").open("a") as file:
        file.write(f"{time.time()}\n")


def count(job: worker.Job) -> None:
    steps = job.config.get("steps", 3)
    for step in range(steps):
        time.sleep(0.02)
        job.progress(step + 1, steps, throughput=50.0)
        if job.stop_requested():
            (job.folder / "saved").write_text(str(step))
            break
    job.metrics(steps=steps, loss=float("nan"))


def stubborn(job: worker.Job) -> None:
    """Ignores SIGTERM, and has a child that does too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    script = "import signal, time; signal.signal(15, 1); print('up', flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    (job.folder / "child").write_text(str(child.pid))
    time.sleep(60)


def refuse(job: worker.Job) -> None:
    raise BadTable("Row {row} is odd.", "Mend it.", row=3)


def defect(job: worker.Job) -> None:
    raise KeyError("secret of ours")


def vanish(job: worker.Job) -> None:
    os._exit(3)


def leave_child(job: worker.Job) -> None:
    child = subprocess.Popen(["sleep", "60"])
    (job.folder / "child").write_text(str(child.pid))


def environment(job: worker.Job) -> None:
    names = ("HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS", "XFER_HOME")
    print("said on standard output")
    job.event("environment", **{name: os.environ.get(name) for name in names})


BEHAVIOURS = {f.__name__: f for f in (count, stubborn, refuse, defect, vanish, leave_child, environment)}

if __name__ == "__main__":
    worker.main(body)
