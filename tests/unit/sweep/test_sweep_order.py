"""What depends on the order in which a worker really does things: rates, test texts, the run it leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.tiny import tiny_folder
from tests.unit.sweep.conftest import queued
from tests.unit.training.conftest import small_corpus
from xfer_core import runs
from xfer_core.errors import BadSetting
from xfer_core.inference.classify import classify_texts
from xfer_core.runs import store
from xfer_core.runs.store import Run
from xfer_core.sweep import arms, hands, leaving, results, schedule, work, worker
from xfer_core.sweep.check import check
from xfer_core.sweep.forecast import forecast
from xfer_core.sweep.reading import Reader
from xfer_core.sweep.settings import default_strategies, validate
from xfer_core.training import fit as fitting
from xfer_core.training.strategies import parse

Swept = Callable[..., Run]


def rates(run: Run, strategy: str, role: str = "trial") -> list[float | None]:
    sweep = results.load(run.id)
    return [arm.learning_rate for arm in sweep.arms if (arm.strategy, arm.role) == (strategy, role)]


def test_a_deeper_strategy_tries_the_winner_and_its_neighbours(swept: Swept) -> None:
    run = swept("top-1,top-2", seeds=2, lr_trials=3)
    won = {arm.strategy: arm.learning_rate for arm in results.load(run.id).chosen if arm.role == "trial"}
    assert rates(run, "top-1") == list(schedule.wide(parse("top-1"), 3))
    assert rates(run, "top-2") == list(schedule.near(parse("top-2"), 3, won["top-1"] or 0))
    assert rates(run, "top-2", "final") == [won["top-2"]]


@pytest.mark.parametrize("lost", ["keep", "restored"])
def test_a_winner_that_gets_lost_leaves_the_search_to_the_next(
    swept: Swept, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    module = hands if lost == "keep" else work
    real = getattr(module, lost)

    def full_disk(kept: Any, *args: Any) -> Any:
        arm = kept.arm if lost == "keep" else kept.trained.arm
        if arm.strategy == "top-1":
            raise OSError("no space left")
        return real(kept, *args)

    monkeypatch.setattr(module, lost, full_disk)
    run = swept("top-1,top-2", seeds=2, lr_trials=2)
    assert run.state == "finished"
    assert rates(run, "top-2") == list(schedule.wide(parse("top-2"), 2))
    assert {arm.strategy for arm in results.load(run.id).chosen if arm.steps} == {"top-2"}
    assert {arm.id: arm.state for arm in results.load(run.id).arms}["top-1-s1"] == "skipped"


def test_test_texts_are_read_once_with_each_arm_that_is_compared(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = Reader.logits, Counter[tuple[str, str]]()

    def logits(self: Reader, fitted: Any, part: Any) -> Any:
        read[part, "solver" if fitted.plan.solver else str(fitted.trainable_parameters)] += 1
        return real(self, fitted, part)

    monkeypatch.setattr(Reader, "logits", logits)
    run = swept("features-0,head", seeds=3, lr_trials=3)
    assert run.state == "finished" and len(results.load(run.id).chosen) == 6
    head = next(name for _, name in read if name != "solver")
    assert read == {
        ("validation", "solver"): 1, ("test", "solver"): 1, ("validation", head): 5, ("test", head): 3,
    }  # fmt: skip


def test_seconds_of_shared_passes_are_nobodys(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    real = arms.fit

    def fit(*args: Any, shared: Any, **more: Any) -> Any:
        fitted = real(*args, shared=shared, **more)
        shared.pass_seconds += 1_000
        return replace(fitted, seconds=fitted.seconds + 1_000)

    monkeypatch.setattr(arms, "fit", fit)
    run = swept("head", seeds=1, lr_trials=1)
    assert all((arm.seconds or 0) < 500 for arm in results.load(run.id).arms)


def test_the_time_left_of_an_arm_is_that_of_its_steps(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    """No report of the test texts comes after them, as it does after a training of its own."""
    after = []

    class Heard(fitting.Recorder):
        def __init__(self, job: Any, batch_size: int, texts_after: int, measures: Any) -> None:
            after.append(texts_after)
            super().__init__(job, batch_size, texts_after, measures)

    monkeypatch.setattr(fitting, "Recorder", Heard)
    swept("head", seeds=1, lr_trials=2)
    assert after == [0, 0]


def test_a_stop_while_the_run_is_written_stops_the_sweep_only(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = work.leave

    def leave(*args: Any) -> str:
        store.update(store.listing("sweep")[0].id, want="stop")
        return real(*args)

    monkeypatch.setattr(work, "leave", leave)
    monkeypatch.setattr(runs.worker, "POLL_SECONDS", 0.0)
    run = swept("head", seeds=1, lr_trials=1)
    left = runs.get(results.load(run.id).recommended_run)
    assert run.state in ("finished", "stopped") and left.state == "finished"


def test_who_cancels_the_run_that_is_written_does_not_end_the_sweep(
    swept: Swept, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = leaving.worker.save

    def save(*args: Any) -> None:
        inner = args[-1].run
        assert runs.get(inner.id).handle == ""
        runs.cancel(inner.id)
        runs.tick()
        real(*args)

    monkeypatch.setattr(leaving.worker, "save", save)
    run = swept("head", seeds=1, lr_trials=1)
    sweep = results.load(run.id)
    assert run.state == "finished" and runs.get(sweep.recommended_run).state == "stopped"
    assert classify_texts(sweep.recommended_run, sweep.texts[:3]).probabilities.shape == (3, 3)


def test_a_model_that_cannot_be_written_is_a_note(swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
    def save(*args: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(leaving.worker, "save", save)
    run = swept("head", seeds=1, lr_trials=1)
    sweep = results.load(run.id)
    assert run.state == "finished" and sweep.recommendation and not sweep.recommended_run
    assert work.NO_RUN in {note["message"] for note in sweep.notes}
    assert store.listing("train") == []


def test_what_has_no_biases_to_train_is_left_out_before_anything_runs(home: Any, tmp_path: Any) -> None:
    model, corpus = str(tiny_folder("llama", tmp_path / "tiny-llama")), small_corpus(60)
    checked = check(validate({"model": model, "strategies": default_strategies(3)}), corpus)
    assert "bitfit" not in checked.config.strategies and "lora" in checked.config.strategies
    assert [note["values"].get("dropped") for note in checked.notes] == ["bitfit"]
    asked = validate({"model": model, "strategies": "head,bitfit"})
    assert [row.strategy for row in forecast(asked, corpus, checked.source).rows] == ["head", "features-K"]
    with pytest.raises(BadSetting, match="no biases"):
        check(validate({"model": model, "strategies": "bitfit"}), corpus)
    bert = str(tiny_folder("bert", tmp_path / "tiny-bert"))
    assert check(validate({"model": bert, "strategies": "bitfit"}), corpus).config.strategies == ("bitfit",)


def test_a_killed_sweep_leaves_no_half_run(
    tiny_bert: str, home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(leaving.worker, "save", save)
    run = runs.run_here(queued(tiny_bert, "head", seeds=1, lr_trials=1).id, worker.body)
    assert run.state == "stopped" and store.listing("train") == []
