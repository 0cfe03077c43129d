"""The engine with real helper processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.waiting import until
from xfer_core import engine
from xfer_core.engine import client
from xfer_core.errors import BadModel, Interrupted, Refused

ROOT = Path(__file__).parents[3]


def ask(function: str, **arguments: Any) -> engine.Job:
    return engine.submit(f"fake_functions:{function}", **arguments)


def result(job: engine.Job) -> Any:
    assert job.wait(20)
    assert job.state == "done", job.error
    return job.result


def error(job: engine.Job) -> Exception:
    assert job.wait(20)
    assert job.state == "failed" and job.error is not None and job.result is None
    return job.error


def test_a_function_is_called_elsewhere_without_our_main() -> None:
    seen = result(ask("where"))
    assert seen["pid"] != os.getpid() and seen["pid"] == client.engine().pids()["quick"]
    assert seen["main"].endswith("server.py"), "not the module that runs here"
    assert seen["hub"] == "1"
    assert result(ask("add", a=2, b=3)) == 5


def test_the_same_call_is_the_same_job(tmp_path: Path) -> None:
    note = tmp_path / "calls"
    jobs: list[engine.Job] = []
    threads = [threading.Thread(target=lambda: jobs.append(ask("count", note=note))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, jobs))) == 1 and result(jobs[0]) == 1
    assert ask("count", note=note) is jobs[0], "also when it is done"


def test_other_arguments_are_another_job() -> None:
    arguments: list[dict[str, Any]] = [
        {"a": 1},
        {"a": 1.0},
        {"a": True},
        {"a": "1"},
        {"a": 2},
        {"a": 1, "b": 1},
    ]
    keys = {client.fingerprint("f", client._canonical(each)) for each in arguments}
    assert len(keys) == len(arguments)
    assert client._canonical({"x": 1, "y": [1, 2]}) == client._canonical({"y": [1, 2], "x": 1})
    assert client._canonical(["a", ["b"]]) != client._canonical([["a"], "b"])
    word = "word"
    assert client._canonical([word, word]) == client._canonical(["word", "wo" + "rd".lower()])


def test_progress_and_time_left() -> None:
    job = ask("steps", n=40, seconds=0.05)
    seen: list[tuple[float, str, float, float | None]] = []
    while not job.wait(0.1):
        if job.state == "running":
            seen.append((job.fraction, job.message, job.elapsed, job.seconds_left))
    assert result(job) == 40 and job.fraction == 1 and job.seconds_left is None
    fractions = [fraction for fraction, *_ in seen]
    assert fractions == sorted(fractions) and len(set(fractions)) > 5
    assert {message for _, message, *_ in seen} >= {"step 1", "step 2"}
    for _, _, elapsed, left in seen:
        if left is not None and elapsed > 0.8:  # elapsed + left is the whole, give or take
            assert 0.5 * job.elapsed < elapsed + left < 2 * job.elapsed
    assert any(left is not None for *_, left in seen)


def test_a_chatterbox_does_not_flood_us() -> None:
    began = time.monotonic()
    assert result(ask("chatter", n=200_000)) == 200_000
    assert time.monotonic() - began < 5


def test_errors_arrive_as_they_were_raised(capfd: pytest.CaptureFixture[str]) -> None:
    refusal = error(ask("refuse"))
    assert type(refusal) is BadModel and str(refusal) == "The model a{b} is odd. Take another."
    assert refusal.values == {"name": "a{b}", "other": "another"}
    assert type(error(ask("defect"))) is RuntimeError
    assert "ZeroDivisionError: ours" in str(error(ask("defect")))
    assert type(error(ask("interrupt"))) is RuntimeError, "and the helper lives on"
    assert type(error(ask("no_such_function"))) is RuntimeError
    assert type(error(engine.submit("no.such.module:f"))) is RuntimeError
    assert type(error(ask("add", c=1))) is RuntimeError
    assert result(ask("add", a=1)) == 1


def test_the_traceback_of_a_defect_goes_to_standard_error() -> None:
    script = """
from xfer_core import engine
engine.submit("fake_functions:defect").wait()
engine.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "" and "Traceback" in done.stderr and "ZeroDivisionError" in done.stderr


def test_a_failure_is_tried_again(tmp_path: Path) -> None:
    first = ask("fail_once", note=tmp_path / "note")
    assert str(error(first)) == "Not yet."
    second = ask("fail_once", note=tmp_path / "note")
    assert second is not first and result(second) == "fine"


def test_what_cannot_be_sent_is_a_failure_and_not_a_hang() -> None:
    assert "cannot be sent" in str(error(ask("unsendable")))
    with pytest.raises(TypeError, match="pickle"):
        ask("add", a=threading.Lock())
    assert "torch.fractions" in str(error(ask("heavy", lane="long")))
    assert result(ask("add", a=4)) == 4
    assert result(ask("add", a=5, lane="long")) == 5


def test_a_crash_fails_its_job_and_no_other() -> None:
    before = result(ask("where"))["pid"]
    crashing, waiting = ask("crash", signal=signal.SIGKILL), ask("add", a=6)
    refusal = error(crashing)
    assert type(refusal) is Refused and "memory" in str(refusal)
    assert result(waiting) == 6
    assert client.engine().pids()["quick"] not in (before, None)


def test_a_helper_that_died_while_idle_is_nobodys_fault() -> None:
    result(ask("add", a=7))
    pid = client.engine().pids()["quick"]
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # it looks alive, and takes the next job without reading it
    job = ask("add", a=8)
    time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    assert result(job) == 8


def test_a_long_job_does_not_hold_up_a_quick_one() -> None:
    result(ask("add", a=9, lane="long"))
    long = ask("sleep", seconds=3, lane="long")
    assert result(ask("add", a=10)) == 10
    assert not long.over
    with pytest.raises(ValueError, match="slow"):
        ask("add", a=1, lane="slow")


def test_results_kept_are_bounded() -> None:
    first = ask("add", a=1000)
    result(first)
    others = [ask("add", a=1001 + n) for n in range(client.KEPT)]
    for job in others:
        result(job)
    assert ask("add", a=1001) is others[0]
    again = ask("add", a=1000)
    assert again is not first and result(again) == 1000
    assert ask("add", a=1001) is others[0], "asked for lately"
    assert len(client.engine()._done) == client.KEPT


def test_a_helper_that_cannot_start_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        assert "code 1" in str(error(ask("add", a=14)))
        patch.setattr(sys, "executable", "/no/such/python")
        assert "No such file" in str(error(ask("add", a=15)))
    assert result(ask("add", a=14)) == 14


def test_large_results_arrive() -> None:
    assert len(result(ask("block", megabytes=64))) == 64 * 2**20


def test_closing_ends_helpers_and_fails_what_waits(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    running, waiting = ask("sleep", seconds=60, note=note), ask("add", a=11)
    until(note.exists)
    pid = client.engine().pids()["quick"]
    assert pid is not None
    began = time.monotonic()
    engine.close()
    assert type(error(running)) is Interrupted and type(error(waiting)) is Interrupted
    assert time.monotonic() - began < 3 and not psutil.pid_exists(pid)
    assert engine.state() == "off"
    assert result(ask("add", a=12)) == 12
    assert engine.state() == "ready"


@pytest.mark.parametrize("how", ["kill", "end"])
def test_the_helpers_end_with_their_parent_also_in_mid_work(how: str) -> None:
    script = """
import sys, time; from xfer_core import engine; from xfer_core.engine import client
engine.submit("fake_functions:sleep", seconds=60)
engine.submit("fake_functions:add", lane="long", a=1).wait()
print(*client.engine().pids().values(), flush=True)
if sys.argv[1] == "kill": time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script, how], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 2
    if how == "kill":
        assert all(map(psutil.pid_exists, pids))
        parent.kill()
    parent.wait(10)
    until(lambda: not any(map(psutil.pid_exists, pids)), 5)


def test_warm_starts_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.close()
    monkeypatch.setattr(client, "WARM_UP", "fake_functions:fake_warm_up")
    assert engine.state() == "off"
    began = time.monotonic()
    engine.warm()
    engine.warm()
    assert time.monotonic() - began < 2 and engine.state() == "warming"
    until(lambda: engine.state() == "ready")
    assert result(ask("add", a=13)) == 13
