"""Arms trained side by side in real processes: the same numbers, and each ends alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
import torch

from tests.unit.sweep.conftest import queued
from tests.unit.training.conftest import small_corpus
from tests.waiting import until
from xfer_core import runs
from xfer_core.files import read_json
from xfer_core.runs import executor, processes
from xfer_core.runs.store import Run
from xfer_core.sweep import crew, hands, results, work, worker
from xfer_core.sweep.check import check
from xfer_core.sweep.forecast import forecast
from xfer_core.sweep.hands import Ended, Given, Hands
from xfer_core.sweep.results import Arm
from xfer_core.sweep.settings import KIND, WORKER, validate
from xfer_core.training import speed

TIMED = ["seconds", "predicted_seconds", "memory_mb"]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two hands of one thread each, of a program whose main module is a script that must not run twice."""
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit('run again')", encoding="utf-8")
    main = ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setenv(crew.HANDS, "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def states(run: Run) -> dict[str, str]:
    return {arm.id: arm.state for arm in results.load(run.id).arms if arm.strategy != "features-0"}


@pytest.mark.usefixtures("home", "one_thread")
def test_two_hands_give_what_one_of_as_many_threads_gives(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = runs.run_here(queued(tiny_bert, "head,top-1", lr_trials=3, seeds=2).id, worker.body)
    monkeypatch.setenv(crew.HANDS, "2")
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    both = runs.run_here(queued(tiny_bert, "head,top-1", lr_trials=3, seeds=2).id, worker.body)
    tables = [pd.read_csv(run.folder / results.TABLE).drop(columns=TIMED) for run in (alone, both)]
    assert both.state == "finished" and tables[0].to_csv() == tables[1].to_csv()
    first, second = (results.load(run.id) for run in (alone, both))
    for arm in second.chosen:
        for name in (results.VALIDATION, results.TEST):
            logits = [np.load(run.folder / results.ARMS / arm.id / name) for run in (alone, both)]
            assert np.array_equal(*logits)
    assert first.shift == second.shift and first.measured == second.measured
    for name in ("strategy", "arm"):
        assert (first.recommendation or {})[name] == (second.recommendation or {})[name]
    assert runs.get(second.recommended_run).state == "finished"
    told = [note["values"] for note in second.notes if note["message"] == work.SIDE_BY_SIDE]
    assert told == [{"n": 2, "threads": 1}] and len(second.notes) == len(first.notes) + 1
    assert not list(both.folder.rglob("*.safetensors"))
    assert {key for key in speed.known().runs if "@" in key} == {"head@2", "layers@2"}


@pytest.mark.usefixtures("home", "two")
def test_a_killed_hand_takes_only_its_arm_with_it(tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, killed = Hands._give, []

    def give(self: Hands, given: Given) -> None:
        real(self, given)
        if given.arm.id == "head-r1":
            hand = next(each for each, at in self._busy.items() if at is given)
            killed.append(hand.process.pid)
            os.kill(hand.process.pid or 0, signal.SIGKILL)

    monkeypatch.setattr(Hands, "_give", give)
    run = runs.run_here(queued(tiny_bert, "head", lr_trials=3, seeds=1).id, worker.body)
    assert run.state == "finished" and len(killed) == 1
    assert states(run) == {"head-r1": "failed", "head-r2": "done", "head-r3": "done"}
    message = next(arm.message for arm in results.load(run.id).arms if arm.id == "head-r1")
    assert message and message["what"] == hands.GONE


@pytest.mark.usefixtures("home", "two")
def test_arms_fail_and_stop_alone(tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cannot load its model, one is stopped as it begins; the third is compared."""
    real = Hands._give

    def give(self: Hands, given: Given) -> None:
        if given.arm.id == "top-1-r1":
            given = replace(given, config=replace(given.config, model="no-such-model"))
        if given.arm.id == "top-1-r2":
            results.stop_arm(self.bench.job.run.id, given.arm.id)
        real(self, given)

    monkeypatch.setattr(Hands, "_give", give)
    run = runs.run_here(queued(tiny_bert, "top-1", lr_trials=3, seeds=2, steps=60).id, worker.body)
    assert run.state == "finished"
    assert states(run) == {
        "top-1-r1": "failed", "top-1-r2": "stopped", "top-1-r3": "done", "top-1-s1": "done"
    }  # fmt: skip
    assert {arm.id: arm.chosen for arm in results.load(run.id).arms}["top-1-r3"]


@pytest.mark.usefixtures("home", "two")
def test_ctrl_c_stops_all_hands_and_keeps_what_is_done(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only this process knows of the wish; the row does not say it."""
    run = queued(tiny_bert, "head,full", lr_trials=2, seeds=1, steps=800)
    monkeypatch.setattr(Hands, "_heed", _stopping_at("full", Hands._heed))
    ended = runs.run_here(run.id, worker.body)
    assert ended.state == "stopped"
    assert states(ended) == {
        "head-r1": "done", "head-r2": "done", "full-r1": "stopped", "full-r2": "stopped"
    }  # fmt: skip
    assert runs.get(results.load(run.id).recommended_run).state == "finished"


def _stopping_at(strategy: str, real: Callable[..., None]) -> Callable[..., None]:
    def heed(self: Hands, watch: Any) -> None:
        if any(given.arm.strategy == strategy for given in self._busy.values()):
            self.bench.job.request_stop()
        real(self, watch)

    return heed


@pytest.mark.usefixtures("home", "two")
def test_no_hand_outlives_a_worker_that_is_killed(tiny_bert: str) -> None:
    config = queued(tiny_bert, "full", lr_trials=2, seeds=1, steps=100_000).config
    run = runs.submit(KIND, config, "killed", WORKER)
    until(lambda: all(results.curve(run.id, f"full-r{i}") for i in (1, 2)), 120)
    pid = processes.pid_of(executor.worker_of(runs.get(run.id)))
    children = [name for child in _children(pid) if (name := processes.identity(child))]
    assert len(children) >= 2
    os.kill(pid, signal.SIGKILL)
    until(lambda: not any(processes.alive(name) for name in children), 5)


def _children(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]


@pytest.mark.usefixtures("home")
def test_nothing_depends_on_the_order_in_which_arms_end(
    tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backwards(self: Hands, arms: Iterable[Given], watch: Any, *, together: bool) -> Iterator[Ended]:
        yield from reversed([self.bench.train(given, lambda left: None) for given in arms])

    in_order = runs.run_here(queued(tiny_bert, "head", lr_trials=3, seeds=3).id, worker.body)
    monkeypatch.setattr(Hands, "train", backwards)
    reversed_ = runs.run_here(queued(tiny_bert, "head", lr_trials=3, seeds=3).id, worker.body)
    first, second = (
        pd.read_csv(run.folder / results.TABLE).drop(columns=TIMED).to_csv() for run in (in_order, reversed_)
    )
    assert first == second
    about, again = (read_json(run.folder / results.SWEEP) for run in (in_order, reversed_))
    for name in ("strategies", "arms", "notes", "shift", "measured"):
        assert about[name] == again[name]
    assert about["recommendation"]["arm"] == again["recommendation"]["arm"]


def test_a_tie_goes_to_the_earlier_arm() -> None:
    first, second = (Arm(f"head-s{i}", "head", i, 1e-3, "final", "done", True, 0.5, 0.5) for i in (1, 2))
    assert hands.rank(first, 3) > hands.rank(second, 4)
    assert hands.rank(replace(second, validation_accuracy=0.6), 4) > hands.rank(first, 3)


def test_hands_are_as_many_as_pay_and_fit() -> None:
    assert crew.most(3, 2, 8_000, 900, card=False) == 2
    assert crew.most(3, 8, 8_000, 900, card=False) == 3
    assert crew.most(3, 8, 2_700, 900, card=False) == 2
    assert crew.most(3, 8, 500, 900, card=False) == crew.most(3, 8, 8_000, 900, card=True) == 1
    assert crew.most(1, 8, 8_000, 900, card=False) == 1


@pytest.mark.usefixtures("home")
def test_what_is_learnt_side_by_side_says_nothing_of_a_run_alone() -> None:
    alone = speed.correct("layers", 2.0).factor("layers")
    assert speed.known().factor("layers", 2) == pytest.approx(alone * 2**0.2)
    for _ in range(20):
        speed.correct("layers", 6.0, at_once=2)
    assert speed.known().factor("layers") == speed.known().factor("head") == alone
    assert speed.known().factor("layers", 2) == pytest.approx(6.0, rel=0.02)


@pytest.mark.usefixtures("home")
def test_a_forecast_counts_rounds_of_trainings(tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config, corpus = validate({"model": tiny_bert, "strategies": "head", "seeds": 4}), small_corpus(60)
    source = check(config, corpus).source
    alone = forecast(config, corpus, source)
    monkeypatch.setenv(crew.HANDS, "2")
    both = forecast(config, corpus, source)
    (head, added), (head_2, added_2) = alone.rows, both.rows
    assert (head.arms, head.rounds) == (6, 6) and (head_2.arms, head_2.rounds) == (6, 2 + 2)
    assert head_2.seconds == pytest.approx(head.seconds * 2**0.2) and added == added_2
    assert both.seconds == pytest.approx(both.shared + 4 * head_2.seconds + added.seconds)
