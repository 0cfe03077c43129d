"""The Trainer's wiring: what must be equal is equal, and what goes wrong ends in order."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny import tiny_folder
from tests.unit.training.conftest import new_job, small_corpus
from xfer_core.corpora import Corpus
from xfer_core.models import prefixes
from xfer_core.runs import events
from xfer_core.tasks import task
from xfer_core.tasks.classification import Classification
from xfer_core.training import fit as module
from xfer_core.training.callbacks import Recorder
from xfer_core.training.checks import check_every
from xfer_core.training.fit import arguments, fit, wire
from xfer_core.training.fitted import ALL, TOO_LARGE, Fitted
from xfer_core.training.material import Shared
from xfer_core.training.phases import Stages
from xfer_core.training.settings import validate
from xfer_core.training.verdict import verdict

pytestmark = pytest.mark.usefixtures("home")


def losses(fitted: Fitted) -> np.ndarray:
    return np.array([[p["train_loss"], p["validation_loss"]] for p in fitted.curve])


def run(corpus: Corpus, **values: Any) -> Fitted:
    config = validate({"learning_rate": 1e-3, "patience": 0, **values})
    return fit(config, corpus, new_job(config, corpus))


@pytest.mark.parametrize(
    ("family", "strategy"),
    [
        ("bert", "head"),
        ("bert", "freeze-0"),
        ("distilbert", "freeze-2"),
        ("deberta-v2", "freeze-1"),
        ("modernbert", "freeze-1"),
        ("gpt2", "freeze-1"),
        ("llama", "head"),
    ],
)
def test_cached_and_uncached_training_are_the_same(
    family: str, strategy: str, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tiny_folder(family, tmp_path / family))
    values = {"model": folder, "strategy": strategy, "steps": 12, "dropout": 0}
    cached = run(corpus, **values)
    monkeypatch.setattr(prefixes, "LIMITS", replace(prefixes.LIMITS, cached_states_mb=0, states_cache_mb=0))
    monkeypatch.setenv("XFER_HOME", str(tmp_path / "another"))
    computed = run(corpus, **values)
    assert (cached.cached, computed.cached) == (ALL, TOO_LARGE)
    assert len(cached.curve) >= 10
    assert np.allclose(losses(cached), losses(computed), atol=2e-5)
    assert losses(cached)[-1, 0] < losses(cached)[0, 0]
    assert cached.trainable_parameters == computed.trainable_parameters < cached.parameters


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("family", ["bert", "llama"])
def test_accumulated_batches_learn_as_one_large_batch(family: str, weights: bool, tmp_path: Path) -> None:
    corpus = small_corpus(26)  # 16 for training: whatever the order, one step sees them all
    config = validate(
        {
            "model": str(tiny_folder(family, tmp_path / family)),
            "strategy": "full",
            "steps": 3,
            "dropout": 0,
            "class_weights": weights,
            "patience": 0,
            "learning_rate": 1e-3,
        }
    )
    what, found = task("classification"), []
    for size, times in ((16, 1), (8, 2)):
        job = new_job(config, corpus)
        shared = Shared()
        model, tokenizer = module._fresh(config, corpus, what, shared.source(config.model))
        texts = shared.material(corpus, what, tokenizer, 64, seed=0)
        assert len(texts.train) == 16
        args = replace(
            arguments(config, 16, 20, job.folder / "checkpoints"),
            per_device_train_batch_size=size,
            gradient_accumulation_steps=times,
        )
        stages = Stages(model, config.parsed.plan(3), {}, 3)
        recorder = Recorder(job, size, 0, what.measures)
        trainer = wire(config, what, tokenizer, texts, recorder, args, stages)
        with stages:
            loss = trainer.train().training_loss
        found.append((loss, what.logits(model.eval(), tokenizer, corpus.texts, 64)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    assert np.allclose(found[0][1], found[1][1], atol=1e-4)


def test_class_weights_give_every_class_the_same_part_of_the_loss() -> None:
    labels = [0] * 30 + [1] * 10
    logits = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    loss = Classification().weighted_loss([{"labels": label} for label in labels], 3)
    each = -torch.log_softmax(logits, -1)[torch.arange(40), torch.tensor(labels)]
    expected = (each[:30].mean() + each[30:].mean()) / 2
    assert loss({"logits": logits}, torch.tensor(labels)) == pytest.approx(float(expected), rel=1e-5)


def test_the_same_seed_gives_the_same_numbers(corpus: Corpus, tiny_bert: str) -> None:
    first, second, other = (
        run(corpus, model=tiny_bert, strategy="full", steps=10, seed=seed) for seed in (1, 1, 2)
    )
    assert first.curve == second.curve
    assert first.curve != other.curve


def test_not_a_number_ends_the_run_with_a_verdict(
    corpus: Corpus, tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighted_loss = Classification.weighted_loss

    def breaking(what: Classification, examples: list, outputs: int) -> Any:
        sound, calls = weighted_loss(what, examples, outputs), []

        def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
            if num_items_in_batch is not None:
                calls.append(1)
            return sound(outputs, labels, num_items_in_batch) * (math.nan if len(calls) > 15 else 1)

        return loss

    monkeypatch.setattr(Classification, "weighted_loss", breaking)
    values = {"model": tiny_bert, "strategy": "full", "class_weights": True, "learning_rate": 1e-3}
    config = validate({**values, "steps": 40})
    job = new_job(config, corpus)
    fitted = fit(config, corpus, job)
    assert fitted.steps < 40 and math.isnan(fitted.curve[-1]["validation_loss"])
    assert 0 < fitted.best_step < fitted.steps
    assert all(torch.isfinite(p).all() for p in fitted.model.parameters())
    assert verdict(fitted.curve).kind == "diverged"
    written = [e for e in events.read(job.folder)[0] if e["kind"] == "metric"]
    assert written[-1]["train_loss"] == "NaN" and len(written) == len(fitted.curve)


def test_without_one_sound_step_the_untuned_model_comes_back(
    corpus: Corpus, tiny_bert: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nan(outputs: Any, *_: Any, **__: Any) -> Any:
        return outputs["logits"].sum() * math.nan

    monkeypatch.setattr(Classification, "weighted_loss", lambda *_: nan)
    fitted = run(corpus, model=tiny_bert, strategy="full", class_weights=True, steps=20)
    assert fitted.best_step == 0
    assert all(torch.isfinite(p).all() for p in fitted.model.parameters())


@pytest.mark.parametrize("strategy", ["full", "head"])
def test_a_stop_keeps_the_best_step(strategy: str, corpus: Corpus, tiny_bert: str) -> None:
    config = validate({"model": tiny_bert, "strategy": strategy, "steps": 400, "learning_rate": 1e-3})
    job = new_job(config, corpus)
    asked: list[int] = []
    job.stop_requested = lambda: asked.append(1) or len(asked) > 45  # type: ignore[method-assign,func-returns-value]
    fitted = fit(config, corpus, job)
    assert fitted.stopped and fitted.steps < 50
    best = next(p for p in fitted.curve if p["step"] == fitted.best_step)
    assert best["validation_macro_f1"] == max(p["validation_macro_f1"] for p in fitted.curve[1:])
    part = corpus.part("validation")
    what = task("classification")
    logits = what.logits(fitted.model, fitted.tokenizer, part.texts, fitted.max_length)
    assert what.metrics(logits, part.labels)["macro_f1"] == pytest.approx(best["validation_macro_f1"])
    assert not (job.folder / "checkpoints").exists()


def test_patience_ends_a_run_that_no_longer_improves(corpus: Corpus, tiny_bert: str) -> None:
    fitted = run(corpus, model=tiny_bert, strategy="head", steps=500, patience=2)
    assert fitted.steps < 500
    assert fitted.curve[-3]["step"] == fitted.best_step


def test_a_curve_has_enough_points_and_costs_little() -> None:
    for steps, batch, looked_at in ((5, 16, 50), (264, 16, 300), (600, 16, 300), (100_000, 16, 2500)):
        every = check_every(steps, batch, looked_at)
        points = -(-steps // every)
        assert min(steps, 8) <= points <= 40
        if points > 13:
            assert points * looked_at <= 1.2 * steps * batch


def test_progress_says_how_long_and_how_fast(corpus: Corpus, tiny_bert: str) -> None:
    config = validate({"model": tiny_bert, "strategy": "head", "steps": 30})
    job = new_job(config, corpus)
    fit(config, corpus, job)
    told = [e for e in events.read(job.folder)[0] if e["kind"] == "progress" and "step" in e]
    assert told[-1]["step"] == told[-1]["steps"] == 30
    assert all(e["seconds_left"] >= 0 and e["throughput"] > 0 for e in told)
