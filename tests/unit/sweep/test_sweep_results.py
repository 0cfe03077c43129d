"""A sweep's folder read back, with and without its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.sweep.made import made
from xfer_core import corpora
from xfer_core.charts.report import report
from xfer_core.errors import NotFound
from xfer_core.runs import store
from xfer_core.sweep import results


def test_a_finished_sweep_is_read_back(home: Path) -> None:
    sweep = made()
    assert sweep.state == "finished" and sweep.depth == 6
    assert {arm.strategy for arm in sweep.chosen} == {"head", "top-1", "top-2", "full"}
    assert len(sweep.chosen) == 4 * 3 and len(sweep.arms) == 4 * 4
    for arm in sweep.chosen:
        assert np.mean(sweep.predicted[arm.id] == sweep.truth) == pytest.approx(arm.accuracy)
    assert sweep.predicted.keys() == {"tfidf", "untuned_probe", *(arm.id for arm in sweep.chosen)}
    assert len(sweep.texts) == len(sweep.rows) == len(sweep.truth)
    assert len(results.curve(sweep.run, "head-r1")) == 7
    assert len(results.table(sweep)) == 16


def test_the_report_says_how_many_steps_a_training_has(home: Path) -> None:
    sweep = made()
    assert sweep.training_texts == corpora.load(sweep.corpus).part("train").n > 0
    usual = replace(sweep, config=replace(sweep.config, steps=None))
    steps = usual.config.planned_steps(sweep.training_texts)
    assert f"the same budget, {steps:,} steps" in report(usual)


def test_a_sweep_is_readable_while_it_runs_and_when_it_was_killed(home: Path) -> None:
    sweep = made(running=True)
    assert {arm.state for arm in sweep.arms if arm.strategy == "full"} == {"waiting"}
    results.stop_arm(sweep.run, "full-r1")
    assert {arm.id: arm.state for arm in results.load(sweep.run).arms}["full-r1"] == "stopped"
    store.update(sweep.run, state="interrupted")
    killed = results.load(sweep.run)
    assert killed.state == "interrupted" and len(killed.chosen) == 9
    assert {arm.state for arm in killed.arms if arm.strategy == "full"} == {"stopped", "skipped"}


def test_names_that_are_not_there(home: Path) -> None:
    sweep = made()
    for arm in ("nobody", "../../x"):
        with pytest.raises(NotFound):
            results.stop_arm(sweep.run, arm)
    with pytest.raises(NotFound):
        results.load(store.create("train", {}, "other").id)
