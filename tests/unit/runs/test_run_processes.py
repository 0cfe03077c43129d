"""Real workers under real supervisors, killed in every way: no run is lost, nobody else is harmed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.unit.runs.processes import ROOT, at_work, ended, gone, kill
from tests.waiting import until
from xfer_core import runs
from xfer_core.errors import BadTable
from xfer_core.files import read_json
from xfer_core.runs import events, executor, processes, queue
from xfer_core.runs.store import Run

Submit = Callable[..., Run]


def test_a_run_goes_from_queued_to_finished(submit: Submit) -> None:
    run = submit(steps=60)
    assert run.state == "running" and run.started is not None
    run = ended(run)
    assert (run.state, run.step, run.steps, run.metrics["steps"]) == ("finished", 60, 60, 60)
    happened = events.read(run.folder)[0]
    assert [e["state"] for e in happened if e["kind"] == "state"] == ["queued", "running", "finished"]
    progress = [e for e in happened if e["kind"] == "progress"]
    assert 2 <= len(progress) <= 6, "at most two a second, and the last step"
    assert progress[-1]["step"] == 60 and progress[-1]["throughput"] == 50
    until(lambda: (run.folder / "exit.json").exists())
    assert read_json(run.folder / "exit.json")["code"] == 0


def test_the_environment_of_a_worker(submit: Submit, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    run = ended(submit("environment"))
    event = next(e for e in events.read(run.folder)[0] if e["kind"] == "environment")
    assert event["HF_HUB_OFFLINE"] == "1" and event["TOKENIZERS_PARALLELISM"] == "false"
    assert event["XFER_HOME"] == str(home) and event["OMP_NUM_THREADS"] is None
    assert "said on standard output" in (run.folder / "log.txt").read_text()


def test_a_refusal_reaches_the_row_and_a_defect_only_the_log(submit: Submit) -> None:
    run = ended(submit("refuse"))
    assert run.state == "failed" and type(run.error) is BadTable
    assert str(run.error) == "Row 3 is odd. Mend it."
    assert "Traceback" not in (run.folder / "log.txt").read_text()
    run = ended(submit("defect"))
    assert run.state == "failed" and "KeyError" in str(run.error)
    assert "Traceback" in (run.folder / "log.txt").read_text()


@pytest.mark.parametrize(
    ("do", "module", "code"), [("vanish", "fake_worker", 3), ("count", "no.such.module", 1)]
)
def test_a_worker_that_could_not_say_why(submit: Submit, do: str, module: str, code: int) -> None:
    run = ended(submit(do, module))  # judged by the supervisor's tick, without one of ours
    assert run.state == "failed" and f"exit code {code}" in str(run.error)


# ── Killed ──


def test_a_killed_worker_is_interrupted_though_nobody_looks(submit: Submit) -> None:
    run, other = submit(steps=1000), submit(steps=3)
    kill(at_work(run))
    run = ended(run)
    assert run.state == "interrupted" and "memory" in str(run.error)
    assert read_json(run.folder / "exit.json")["signal"] == 9
    assert ended(other).state == "finished", "the next one was started"


def test_a_killed_supervisor_does_not_harm_its_run(submit: Submit) -> None:
    run, other = submit(steps=60), submit(steps=3)
    at_work(run)
    kill(processes.pid_of(run.handle))
    runs.tick()
    assert runs.get(run.id).state == "running"
    run = ended(run)
    assert run.state == "finished" and run.step == 60
    assert ended(other).state == "finished", "started by the worker's own tick"


def test_supervisor_and_worker_killed(submit: Submit) -> None:
    run = submit(steps=1000)
    worker = at_work(run)
    kill(processes.pid_of(run.handle))
    kill(worker)
    until(lambda: runs.tick() or not runs.get(run.id).live)
    assert runs.get(run.id).state == "interrupted"


def test_a_supervisor_killed_before_its_worker_has_said_hello(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_SLOW_IMPORT", "0.7")
    run = submit(steps=3)
    supervisor = processes.pid_of(run.handle)
    until(lambda: psutil.Process(supervisor).children())
    kill(supervisor)
    until(lambda: runs.tick() or not runs.get(run.id).live)
    assert runs.get(run.id).state == "interrupted"
    until(lambda: "not mine to run" in (run.folder / "log.txt").read_text())
    assert not (run.folder / "starts").exists()


def test_a_killed_server_loses_nothing(workers: Path) -> None:
    """The process that submitted is killed in mid-run; three runs in one place still come to their ends."""
    script = """
import time; from xfer_core import runs
made = [runs.submit("train", {"steps": 20}, f"r{i}", "fake_worker").id for i in range(3)]
print(*made, flush=True)
time.sleep(60)
"""
    server = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    made = [runs.get(name) for name in server.stdout.readline().split()]
    at_work(made[0])
    server.kill()
    server.wait()
    assert [ended(run).state for run in made] == ["finished"] * 3


@pytest.mark.parametrize("soon", [False, True])
def test_a_server_killed_while_it_starts_a_run(
    submit: Submit, soon: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the supervisor's start and the commit: the run stays queued and is done once, by the next tick.

    *soon*: that tick comes while the orphaned worker still imports; it has to leave, and its supervisor's
    account of its end must not be taken for the other one's.
    """
    if soon:
        monkeypatch.setenv("FAKE_SLOW_IMPORT", "0.5")
    run = runs.create("train", {"steps": 60}, "x", "fake_worker")
    script = """
import os; from xfer_core import runs; from xfer_core.runs import queue, store
assign = store.assign
def die(*args, **kwargs): os.kill(os.getpid(), 9)
store.assign = die
runs.tick()
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == -9
    if soon:
        time.sleep(0.1)  # the orphan comes first
        runs.tick()
        assert runs.get(run.id).state == "running"
    run = ended(run)  # or else the orphaned supervisor's last tick starts it anew
    assert run.state == "finished"
    assert (run.folder / "log.txt").read_text().count("not mine to run") == 1
    assert len((run.folder / "starts").read_text().splitlines()) == 1


def test_what_a_worker_leaves_behind_is_ended_with_it(submit: Submit) -> None:
    run = ended(submit("leave_child"))
    assert run.state == "finished"
    until(lambda: gone(int((run.folder / "child").read_text())))


@pytest.mark.parametrize("field", ["boot", "start"])
def test_another_process_with_the_same_pid_is_not_the_run(home: Path, field: str) -> None:
    boot, pid, start = processes.identity(os.getpid()).split(":")
    handle = f"other:{pid}:{start}" if field == "boot" else f"{boot}:{pid}:{int(start) + 1}"
    run = runs.create("train", {}, "x")
    runs.update(run.id, state="running", handle=handle)
    assert runs.cancel(run.id).want == "cancel", "and it is not sent a signal: this process lives"
    runs.tick()
    assert runs.get(run.id).state == "stopped"


def test_random_kills(submit: Submit) -> None:
    """Workers and supervisors killed at random moments: every run ends, once, one works at a time."""
    chance = random.Random(7)
    made = [submit(steps=chance.randint(5, 25)) for _ in range(8)]
    killed: set[str] = set()
    deadline = time.monotonic() + 60
    while any(runs.get(run.id).live for run in made):
        assert time.monotonic() < deadline
        time.sleep(chance.uniform(0, 0.15))
        working = [run for run in runs.listing() if run.state == "running"]
        assert len(working) <= 1
        victims = [name for run in working for name in (run.handle, executor.worker_of(run))]
        if chance.random() < 0.4 and (name := chance.choice(victims or [""])) and processes.alive(name):
            kill(processes.pid_of(name))
            killed |= {run.id for run in working}
        runs.tick()
    for run in (runs.get(each.id) for each in made):
        assert run.state == "finished" or (run.state == "interrupted" and run.id in killed)
        states = [e["state"] for e in events.read(run.folder)[0] if e["kind"] == "state"]
        assert states == ["queued", "running", run.state]
        # One that finished may still be ticking; one that was judged must have been dead.
        assert run.state == "finished" or not processes.alive(executor.worker_of(run))
        until(lambda run=run: not queue.EXECUTOR.alive(run, run.handle))
    assert killed, "the test did something"


# ── Stop and cancel ──


def test_stop_finishes_the_step_and_saves(submit: Submit) -> None:
    run = submit(steps=2000)
    at_work(run)
    began = time.monotonic()
    assert runs.stop(run.id).want == "stop"
    runs.stop(run.id)
    run = ended(run)
    assert time.monotonic() - began < 5
    assert run.state == "stopped" and (run.folder / "saved").exists() and run.error is None
    assert runs.stop(run.id).state == "stopped"


def test_a_run_that_waits_is_stopped_at_once(submit: Submit) -> None:
    first, second, third = submit(steps=1000), submit(), submit()
    at_work(first)
    assert runs.stop(second.id).state == "stopped" and runs.cancel(third.id).state == "stopped"
    runs.cancel(first.id)
    ended(first)
    runs.tick()
    time.sleep(0.3)
    assert not (second.folder / "starts").exists()
    assert runs.get(second.id).ended is not None


def test_cancel_at_the_very_start_ends_with_the_next_tick(submit: Submit) -> None:
    """The supervisor may die of the signal before it listens, and then cannot tick: a page does."""
    run = submit(steps=2000)
    runs.cancel(run.id)
    until(lambda: runs.tick() or not runs.get(run.id).live)
    assert runs.get(run.id).state == "stopped" and runs.get(run.id).error is None


def test_cancel_of_a_worker_that_obeys(submit: Submit) -> None:
    run = submit(steps=2000)
    worker = at_work(run)
    began = time.monotonic()
    runs.cancel(run.id)
    assert time.monotonic() - began < 1.5, "cancel itself does not wait"
    until(lambda: gone(worker), 5)
    run = ended(run)
    assert run.state == "stopped" and not (run.folder / "saved").exists()


def test_cancel_of_a_worker_that_ignores_it(submit: Submit) -> None:
    run, other = submit("stubborn"), submit(steps=3)
    worker = at_work(run)
    child = int(until(lambda: (run.folder / "child").exists() and (run.folder / "child").read_text()))
    runs.cancel(run.id)
    until(lambda: gone(worker) and gone(child), 5)  # two seconds, and some for a machine under load
    assert ended(run).state == "stopped"
    assert ended(other).state == "finished"


def test_cancel_without_a_supervisor(submit: Submit) -> None:
    run = submit("stubborn")
    worker = at_work(run)
    child = int(until(lambda: (run.folder / "child").exists() and (run.folder / "child").read_text()))
    kill(processes.pid_of(run.handle))
    runs.cancel(run.id)
    until(lambda: gone(worker) and gone(child), 2)
    runs.tick()
    assert runs.get(run.id).state == "stopped"


def test_a_wish_whose_signal_was_lost_is_seen_through(submit: Submit) -> None:
    run = submit("stubborn")
    at_work(run)
    runs.update(run.id, want="cancel")
    runs.tick()
    assert ended(run).state == "stopped"


def test_a_worker_ended_by_the_system_is_interrupted(submit: Submit) -> None:
    run = submit(steps=2000)
    os.kill(at_work(run), signal.SIGTERM)
    assert ended(run).state == "interrupted"


# ── The queue ──


def test_two_runs_take_turns(submit: Submit) -> None:
    first, second = submit(steps=10), submit(steps=3)
    assert (first.state, second.state) == ("running", "queued")
    first, second = ended(first), ended(second)
    assert (first.state, second.state) == ("finished", "finished")
    assert float((first.folder / "ends").read_text()) < float(
        (second.folder / "starts").read_text().split()[1]
    )


def test_ticks_at_once_start_a_run_once(workers: Path) -> None:
    made = [runs.create("train", {"steps": 2}, "x", "fake_worker") for _ in range(4)]
    tickers = [
        subprocess.Popen([sys.executable, "-m", "xfer_core.runs"], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(8)
    ]
    assert [ticker.communicate()[1] for ticker in tickers] == [b""] * 8
    for run in made:
        assert ended(run).state == "finished"
        assert len((run.folder / "starts").read_text().splitlines()) == 1


def test_a_run_that_cannot_be_started_does_not_block_the_queue(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(executor.LocalExecutor):
        def submit(self, run: Run, command: list[str]) -> str:
            if run.name == "stubborn":
                raise OSError("no more processes")
            return super().submit(run, command)

    monkeypatch.setattr(queue, "EXECUTOR", Broken())
    run = submit("stubborn")
    assert run.state == "failed" and "no more processes" in str(run.error)
    assert ended(submit(steps=2)).state == "finished"


def test_where_there_is_no_proc(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    linux = processes.identity(os.getpid())
    monkeypatch.setattr(processes, "PROC", Path("/nowhere"))
    monkeypatch.setenv("FAKE_NO_PROC", "1")
    assert processes.identity(os.getpid()) != linux and processes.alive(processes.identity(os.getpid()))
    assert processes.identity(2**22 + 1) == ""
    run = submit(steps=2000)
    assert run.handle.startswith("-:")
    worker = at_work(run)
    runs.cancel(run.id)
    until(lambda: gone(worker), 2)
    assert ended(run).state == "stopped"


def test_a_zombie_does_not_live() -> None:
    child = subprocess.Popen(["true"])
    until(lambda: not processes.identity(child.pid))
    assert child.returncode is None, "not yet reaped"
    child.wait()
