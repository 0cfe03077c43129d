"""Runs done in the process that asks, as the command line does."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.runs.processes import ROOT
from xfer_core import runs
from xfer_core.errors import BadTable, Interrupted, Refused, no_space
from xfer_core.runs import events, store, worker
from xfer_core.runs.store import Run


def test_run_here_runs_to_its_end(home: Path) -> None:
    seen: list[tuple[float, str]] = []
    run = runs.create("train", {"steps": 3}, "x")

    def body(job: runs.Job) -> None:
        assert runs.get(run.id).state == "running"
        runs.tick()  # takes it neither for dead nor for its own
        job.phase("working")
        for step in range(3):
            job.progress(step + 1, 3)
        job.report(1.0, "saving")

    done = runs.run_here(run.id, body, watch=lambda fraction, message: seen.append((fraction, message)))
    assert done.state == "finished" and done.step == 3 and done.phase == ""
    assert seen[-2:] == [(1.0, "working"), (1.0, "saving")]
    phases = [e["phase"] for e in events.read(run.folder)[0] if e["kind"] == "phase"]
    assert phases == ["working", "saving"]


def test_run_here_records_and_raises(home: Path) -> None:
    def body(job: runs.Job) -> None:
        raise BadTable("Odd.")

    run = runs.create("train", {}, "x")
    with pytest.raises(BadTable):
        runs.run_here(run.id, body)
    assert runs.get(run.id).state == "failed" and str(runs.get(run.id).error) == "Odd."


def test_a_body_that_says_interrupted_is_stopped(home: Path) -> None:
    def body(job: runs.Job) -> None:
        raise Interrupted("Enough.")

    run = runs.run_here(runs.create("train", {}, "x").id, body)
    assert run.state == "stopped" and run.error is None


def test_time_left_is_that_of_the_phase(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr(worker.time, "monotonic", lambda: clock)
    run = runs.create("train", {}, "x")

    def body(job: runs.Job) -> None:
        nonlocal clock
        job.phase("loading")
        clock += 100
        job.phase("reading")
        for step in range(1, 11):  # 2 seconds each, the first one not seen
            clock += 2
            job.progress(step, 10)
        for fraction in (0.5, 0.75):  # 8 seconds a quarter
            clock += 8
            job.report(fraction, "half a task")

    runs.run_here(run.id, body)
    told = [e for e in events.read(run.folder)[0] if e["kind"] == "progress"]
    assert [e["seconds_left"] for e in told[:3]] == [None, pytest.approx(16), pytest.approx(14)]
    assert told[-1]["seconds_left"] == pytest.approx(8)


HERE = """
import sys, time; from xfer_core import runs
run = runs.create("train", {}, "here")
print(run.id, flush=True)
def body(job):
    print("up", flush=True)
    while not job.stop_requested(): time.sleep(0.01)
    (job.folder / "saved").write_text("1")
print(runs.run_here(run.id, body).state, flush=True)
"""


def _here() -> tuple[subprocess.Popen[str], str]:
    shell = subprocess.Popen([sys.executable, "-c", HERE], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    name = shell.stdout.readline().strip()
    assert shell.stdout.readline() == "up\n"
    return shell, name


@pytest.mark.parametrize("how", ["ctrl-c", "stop", "cancel"])
def test_a_run_in_a_shell_can_be_stopped(home: Path, how: str) -> None:
    shell, name = _here()
    if how == "ctrl-c":
        shell.send_signal(signal.SIGINT)
    else:
        getattr(runs, how)(name)
    assert shell.communicate(timeout=5)[0] == "stopped\n" and shell.returncode == 0
    run = runs.get(name)
    assert run.state == "stopped" and (run.folder / "saved").exists() == (how != "cancel")


def test_a_killed_shell_leaves_its_run_interrupted(home: Path) -> None:
    shell, name = _here()
    shell.kill()
    shell.wait()
    runs.tick()
    assert runs.get(name).state == "interrupted"


def test_a_cancel_seen_in_the_row_saves_nothing(home: Path) -> None:
    def body(job: runs.Job) -> None:
        runs.update(job.run.id, want="cancel")  # the signal is still on its way
        if job.stop_requested():
            (job.folder / "saved").touch()

    run = runs.run_here(runs.create("train", {}, "x").id, body)
    assert run.state == "stopped" and not (run.folder / "saved").exists()


def test_ctrl_c_while_the_row_is_read_is_not_forgotten(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.create("train", {}, "x")
    find = store.find

    def body(job: runs.Job) -> None:
        def interrupted(name: str) -> Run | None:
            found = find(name)
            monkeypatch.setattr(store, "find", find)
            signal.raise_signal(signal.SIGINT)
            return found

        monkeypatch.setattr(store, "find", interrupted)
        assert job.stop_requested()

    assert runs.run_here(run.id, body).state == "stopped"


def test_polling_for_a_stop_is_cheap(home: Path) -> None:
    run = runs.create("train", {}, "x")
    runs.update(run.id, state="running")
    job = runs.Job(runs.get(run.id))
    reads = 0
    find = store.find

    def counted(name: str) -> Run | None:
        nonlocal reads
        reads += 1
        return find(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "find", counted)
        until_time = time.monotonic() + 1.2
        while time.monotonic() < until_time:
            assert not job.stop_requested()
    assert reads == 3


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
        OSError(errno.ENOSPC, "whatever"),
        OSError(errno.EDQUOT, "whatever"),
    ],
)
def test_a_full_disk_is_one_in_whatever_words(home: Path, error: Exception) -> None:
    """Also where the disk has room again when it is looked at."""

    def body(job: runs.Job) -> None:
        raise error

    run = runs.create("train", {}, "x")
    with pytest.raises(Refused, match="The disk is full"):
        runs.run_here(run.id, body)
    assert str(runs.get(run.id).error).startswith("The disk is full")


def test_another_error_is_no_full_disk() -> None:
    assert not no_space(ValueError("no space for this word")) and not no_space(None)
    outer = RuntimeError("outer")
    outer.__cause__ = OSError(errno.ENOSPC, "inner")
    assert no_space(outer)
