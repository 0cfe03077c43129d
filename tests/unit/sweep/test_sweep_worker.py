"""Whole sweeps with a tiny model: what they leave, what happens when something fails, stops or is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import transformers
from safetensors import SafetensorError
from sklearn.metrics import accuracy_score, f1_score

from tests.unit.sweep.conftest import queued
from tests.unit.training.conftest import small_corpus
from tests.waiting import until
from xfer_core import corpora, runs
from xfer_core.charts.report import report
from xfer_core.corpora import Corpus
from xfer_core.errors import BadSetting, BadTable
from xfer_core.files import read_json
from xfer_core.inference.classify import classify_texts
from xfer_core.models.pooled_head import PooledClassifier
from xfer_core.runs import events, executor, processes
from xfer_core.runs.store import Run
from xfer_core.sweep import arms, results, work, worker
from xfer_core.sweep.check import check
from xfer_core.sweep.comparison import numbers
from xfer_core.sweep.settings import validate
from xfer_core.training import results as training

Swept = Callable[..., Run]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, tiny_bert: str) -> Run:
    """A sweep of three strategies, one of them named twice."""
    run = queued(tiny_bert, "top-1,freeze-2,head,features-1,features-0", second="another")
    return runs.run_here(run.id, worker.body)


def test_every_strategy_is_there_once_from_shallow_to_deep(finished: Run) -> None:
    sweep = results.load(finished.id)
    assert finished.state == sweep.state == "finished"
    assert sweep.config.strategies == ("features-0", "features-1", "head", "top-1")
    assert [note["values"].get("dropped") for note in sweep.notes] == ["freeze-2", None]
    tried = results.curve(finished.id, "features-1-s0")[1:]  # after the shares of the classes alone
    assert sweep.notes[1]["values"] == {"strategies": ["features-0", "features-1"], "n": len(tried)}
    for name in sweep.config.strategies:
        assert [arm.seed for arm in sweep.chosen if arm.strategy == name] == [0, 1]
    assert all(arm.state == "done" and arm.seconds is not None for arm in sweep.arms)


def test_test_numbers_are_those_of_the_chosen_arms_only(finished: Run) -> None:
    sweep = results.load(finished.id)
    for arm in sweep.arms:
        logits = finished.folder / "arms" / arm.id / "test.npy"
        assert logits.exists() == arm.chosen == (arm.macro_f1 is not None)
        if arm.chosen:
            predicted = sweep.predicted[arm.id]
            assert arm.accuracy == pytest.approx(accuracy_score(sweep.truth, predicted))
            assert arm.macro_f1 == pytest.approx(f1_score(sweep.truth, predicted, average="macro"))
    trials = [arm for arm in sweep.arms if arm.strategy == "head" and arm.role == "trial"]
    best = max(trials, key=lambda arm: arm.validation_macro_f1 or 0)
    assert [arm.id for arm in trials if arm.chosen] == [best.id]


def test_evidence_is_measured_on_the_same_texts(finished: Run) -> None:
    sweep = results.load(finished.id)
    assert [probe["layer"] for probe in sweep.probes] == [0, 1, 2, 3]
    for name, measured in sweep.references.items():
        score = f1_score(sweep.truth, sweep.predicted[name], average="macro")
        assert measured["macro_f1"] == pytest.approx(score)
    layer = sweep.references["untuned_probe"]["layer"]
    assert sweep.probes[layer]["macro_f1"] == sweep.references["untuned_probe"]["macro_f1"]


def test_only_trained_layers_have_moved(finished: Run) -> None:
    sweep = results.load(finished.id)
    assert sweep.shift.keys() == sweep.forgetting.keys() == set(sweep.config.strategies)
    assert np.allclose(sweep.shift["head"], 1) and np.allclose(sweep.shift["features-1"], 1)
    assert np.allclose(sweep.shift["top-1"][:3], 1) and sweep.shift["top-1"][3] < 1 - 1e-9
    for name, told in sweep.forgetting.items():
        assert told["corpus"] == sweep.config.second and told["n"] == 22
        assert (told["before"] == told["after"]) or name == "top-1"


def test_only_what_is_needed_stays_on_disk(finished: Run) -> None:
    names = {path.name for path in finished.folder.rglob("*") if path.is_file()}
    assert not [name for name in names if name.endswith(".safetensors")]
    assert names >= {"sweep.json", "evidence.json", "table.csv", "arm.json"}


def test_it_ends_in_a_run_that_classify_can_use(finished: Run) -> None:
    sweep = results.load(finished.id)
    run = runs.get(sweep.recommended_run)
    assert run.kind == "train" and run.state == "finished"
    arm = sweep.recommendation["arm"]
    texts = training.predictions(run.id)
    read = classify_texts(run.id, sweep.texts)
    assert list(read.label_names) == list(sweep.label_names)
    assert read.probabilities.argmax(-1).tolist() == sweep.predicted[arm].tolist()
    assert texts["text"].tolist() == sweep.texts
    told = {each.id: each for each in sweep.arms}[arm]
    assert training.result(run.id)["test"]["macro_f1"] == pytest.approx(told.macro_f1)
    assert training.result(run.id)["references"].keys() == {"tfidf", "untuned_probe"}


def test_the_same_seed_gives_the_same_table(finished: Run, tiny_bert: str) -> None:
    """Also when other strategies stand beside it, or do not."""
    again = runs.run_here(queued(tiny_bert, "head").id, worker.body)
    timed = ["seconds", "predicted_seconds", "memory_mb"]
    # What is resampled are kinds of texts, and they are other ones beside other strategies.
    timed += ["low", "high", "strategy_low", "strategy_high"]
    first, second = (pd.read_csv(run.folder / "table.csv").drop(columns=timed) for run in (finished, again))
    first = first[~first["strategy"].isin(["features-1", "top-1"])].reset_index(drop=True)
    assert first.to_csv() == second.to_csv()
    logits = [np.load(run.folder / "arms" / "head-s1" / "test.npy") for run in (finished, again)]
    assert np.array_equal(*logits)


def test_the_probe_is_always_a_strategy_too(swept: Swept) -> None:
    """The rules say that it must be beaten: so it can be recommended, and left as a run."""
    sweep = results.load(swept("head").id)
    layer = sweep.references["untuned_probe"]["layer"]
    assert sweep.config.strategies == (f"features-{layer}", "head")
    (note, *_) = [each for each in sweep.notes if each["message"] == work.ADDED]
    assert note["values"] == {"strategy": f"features-{layer}", "layer": layer}
    assert sweep.predicted[f"features-{layer}-s0"].tolist() == sweep.predicted["untuned_probe"].tolist()


def test_the_table_has_whole_numbers_references_and_intervals(finished: Run) -> None:
    table = pd.read_csv(finished.folder / "table.csv", dtype=str, keep_default_na=False)
    table = table.set_index("id")
    sweep = results.load(finished.id)
    assert [*table.index[-2:]] == ["tfidf", "untuned_probe"] and table.loc["tfidf", "role"] == "reference"
    assert table.loc["head-r1", "steps"] == "12" and table.loc["features-1-s0", "steps"] == ""
    assert table.loc["features-1-s0", "best_step"] == "" and table.loc["top-1-s1", "best_step"].isdigit()
    for name in (*(arm.id for arm in sweep.chosen), "tfidf", "untuned_probe"):
        low, score, high = (float(table.loc[name, each]) for each in ("low", "macro_f1", "high"))
        assert low <= score <= high and float(table.loc[name, "strategy_low"]) <= score + 0.2
    stopped = tuple(replace(arm, steps=None, best_step=None) for arm in sweep.arms[:1]) + sweep.arms[1:]
    assert numbers(replace(sweep, arms=stopped))["steps"].dtype == "Int64"


def test_what_moved_can_be_measured_again(finished: Run) -> None:
    sweep, rows = results.load(finished.id), read_json(finished.folder / "sampled.json")
    corpus, second = corpora.load(sweep.corpus), corpora.load(sweep.config.second)
    known = {*corpus.part("train").frame["row"], *corpus.part("validation").frame["row"]}
    assert set(rows["shift"]) <= known and len(rows["shift"]) == min(500, len(known))
    assert rows["forgetting"] == second.frame["row"].tolist()
    assert sweep.measured.keys() == sweep.shift.keys()
    for name, arm in sweep.measured.items():
        assert arm in {each.id for each in sweep.chosen if each.strategy == name}
    assert ", ".join([*sweep.measured.values()][:2]) in report(sweep)


def test_a_disk_that_is_full_at_the_end_leaves_the_comparison_whole(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """safetensors says it with an error of its own, and then there is room again."""

    def full(self: Any, *args: Any, **more: Any) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(transformers.PreTrainedModel, "save_pretrained", full)
    monkeypatch.setattr(PooledClassifier, "save_pretrained", full)
    run = swept("head", seeds=1)
    sweep = results.load(run.id)
    assert run.state == "finished" and sweep.recommendation and not sweep.recommended_run
    (note,) = [each for each in sweep.notes if each["message"] == work.NO_RUN]
    assert note["values"]["reason"]["message"] == "The disk is full."
    assert [each.id for each in runs.listing("train")] == []


def test_an_arm_that_fails_harms_no_other(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    real = arms.fit

    def fit(config: Any, *args: Any, **more: Any) -> Any:
        if config.strategy == "head" and config.learning_rate == 1e-4:
            raise RuntimeError("out of luck")
        return real(config, *args, **more)

    monkeypatch.setattr(arms, "fit", fit)
    run = swept("head", seeds=1)
    sweep = results.load(run.id)
    states = {arm.id: arm for arm in sweep.arms}
    assert run.state == "finished" and states["head-r1"].state == "failed"
    assert "out of luck" in str(states["head-r1"].message)
    assert "RuntimeError" in (run.folder / "arms" / "head-r1" / "log.txt").read_text()
    assert [arm.id for arm in sweep.chosen] == ["features-0-s0", "head-r2"]


def test_one_arm_is_stopped_alone(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    real = arms.fit

    def fit(config: Any, corpus: Any, job: Any, **more: Any) -> Any:
        if config.strategy == "head" and job.folder.name == "head-r1":
            results.stop_arm(job.run.id, "head-r1")  # this one, before its first step is over
            results.stop_arm(job.run.id, "top-1-s1")  # and one that has not begun
        return real(config, corpus, job, **more)

    monkeypatch.setattr(arms, "fit", fit)
    run = swept("head,top-1", lr_trials=2)
    states = {arm.id: arm.state for arm in results.load(run.id).arms}
    assert run.state == "finished"
    assert states.pop("head-r1") == states.pop("top-1-s1") == "stopped"
    assert set(states.values()) == {"done"}


def test_a_strategy_without_a_choice_is_skipped(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*args: Any, **more: Any) -> Any:
        raise BadSetting("Not this one.")

    monkeypatch.setattr(arms, "fit", fit)
    run = swept("head", lr_trials=1)
    sweep = results.load(run.id)
    states = [arm.state for arm in sweep.arms if arm.strategy == "head"]
    assert states == ["failed", "skipped"]
    assert run.state == "finished" and sweep.recommended_run == ""
    assert sweep.references.keys() == {"tfidf", "untuned_probe"}


def test_a_stopped_sweep_keeps_what_is_done(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    real = arms.fit

    def fit(config: Any, corpus: Any, job: Any, **more: Any) -> Any:
        if config.strategy == "top-1":
            job.whole.request_stop()
        return real(config, corpus, job, **more)

    monkeypatch.setattr(arms, "fit", fit)
    run = swept("head,top-1", seeds=1, lr_trials=1)
    sweep = results.load(run.id)
    assert run.state == "stopped"
    states = {arm.id: arm.state for arm in sweep.arms}
    assert states == {"features-0-s0": "done", "head-r1": "done", "top-1-r1": "stopped"}
    assert runs.get(sweep.recommended_run).state == "finished"


def test_a_second_corpus_without_labels_is_refused(tiny_bert: str, home: Path) -> None:
    frame = small_corpus(60).frame.assign(label=-1)
    second = corpora.save(Corpus("bare", frame, label_names=("bad", "good", "other")))
    config = validate({"model": tiny_bert, "strategies": "head", "second": second})
    with pytest.raises(BadTable, match="it lacks labels"):
        check(config, small_corpus(60))


def test_a_bad_request_is_refused_before_anything_runs(tiny_bert: str, home: Path) -> None:
    run = queued(tiny_bert, "head,top-9")
    with pytest.raises(BadSetting, match="9 layers do not fit"):
        runs.run_here(run.id, worker.body)
    assert runs.get(run.id).state == "failed"


def test_a_killed_sweep_says_so_and_stays_readable(home: Path, tiny_bert: str) -> None:
    """In a process of its own, as a page starts it."""
    from xfer_core.sweep.settings import KIND, WORKER

    config = queued(tiny_bert, "head,full", lr_trials=1, steps=2000).config
    run = runs.submit(KIND, config, "killed", WORKER)
    first = "head-s1"
    until(lambda: (run.folder / "arms" / first / "test.npy").exists(), 90)
    until(lambda: results.curve(run.id, "full-r1"), 60)
    told = [event for event in events.read(run.folder)[0] if event["kind"] == "progress"]
    assert told[-1]["steps"] == 6 and told[-1]["seconds_left"] > 0
    os.kill(processes.pid_of(executor.worker_of(runs.get(run.id))), signal.SIGKILL)
    until(lambda: runs.get(run.id).state != "running")
    sweep = results.load(run.id)
    assert sweep.state == "interrupted" and [arm.id for arm in sweep.chosen][-2:] == ["head-r1", "head-s1"]
    assert {arm.id: arm.state for arm in sweep.arms}["full-r1"] == "stopped"
    assert corpora.load(sweep.corpus).n == 120
