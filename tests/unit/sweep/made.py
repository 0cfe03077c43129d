"""A sweep as it lies in the store, made by the same functions as a real one, without a worker."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.unit.training.conftest import small_corpus
from xfer_core import corpora
from xfer_core.corpora import Corpus
from xfer_core.files import write_json
from xfer_core.runs import events, store
from xfer_core.sweep import results
from xfer_core.sweep.results import Arm, Sweep
from xfer_core.sweep.settings import KIND, request, validate
from xfer_core.tasks.classification import Classification

QUALITY = {"head": 0.6, "top-1": 0.75, "top-2": 0.85, "full": 0.86}
"""The share of texts that the made-up arms of each strategy read right."""

TRAINED = {"head": 1_600, "top-1": 11_000, "top-2": 21_000, "full": 45_000}
DEPTH = 6


def made(
    corpus: Corpus | None = None,
    quality: dict[str, float] | None = None,
    *,
    seeds: int = 3,
    lr_trials: int = 2,
    running: bool = False,
    words: float = 0.7,
    probe: float = 0.65,
) -> Sweep:
    """A plausible sweep: *quality* by strategy; of a *running* one the last strategy is not done yet.

    Needs the fixture ``home``. *words* and *probe* are the shares that the references read right.
    """
    corpus, quality = corpus or small_corpus(300), quality or QUALITY
    values = {"strategies": list(quality), "seeds": seeds, "lr_trials": lr_trials, "steps": 60}
    config = validate(values)
    run = store.create(KIND, request(config, corpora.save(corpus)), f"{corpus.name}-sweep")
    store.update(run.id, state="running", started=time.time() - 60, step=4, steps=9)
    _evidence(run.folder, corpus, words, probe)
    arms = []
    for place, (strategy, share) in enumerate(quality.items()):
        waits = running and place == len(quality) - 1
        for number, arm in enumerate(_plan(strategy, config.seeds, config.lr_trials)):
            if not waits:
                arm = _done(run.folder, corpus, arm, share, 100 * place + number, place + 1, lr_trials)
            arms.append(arm)
            results.write_arm(run.folder, arm)
    done = {arm.strategy for arm in arms if arm.chosen}
    shift = {name: np.linspace(1, 0.95 - 0.1 * i, DEPTH + 1).tolist() for i, name in enumerate(sorted(done))}
    forgetting = {
        name: {"corpus": "other-12345678", "layer": 4, "before": 0.7, "after": 0.7 - 0.02 * i, "n": 80}
        for i, name in enumerate(sorted(done))
    }
    about = {"depth": DEPTH, "arms": [arm.id for arm in arms], "shift": shift, "forgetting": forgetting}
    write_json(run.folder / results.SWEEP, about)
    if not running:
        store.update(run.id, state="finished")
    sweep = results.load(run.id)
    results.table(sweep).to_csv(run.folder / results.TABLE, index=False)
    return sweep


def _plan(strategy: str, seeds: int, lr_trials: int) -> list[Arm]:
    rates = [1e-4 * 2**i for i in range(lr_trials)]
    trials = [
        Arm(f"{strategy}-r{i + 1}", strategy, 0, rate, "trial", predicted_seconds=8.0)
        for i, rate in enumerate(rates)
    ]
    finals = [
        Arm(f"{strategy}-s{seed}", strategy, seed, rates[-1], "final", predicted_seconds=8.0)
        for seed in range(1, seeds)
    ]
    return [*trials, *finals]


def _done(folder: Path, corpus: Corpus, arm: Arm, share: float, seed: int, cost: int, lr_trials: int) -> Arm:
    chosen = arm.role == "final" or arm.id.endswith(f"-r{lr_trials}")
    place = folder / results.ARMS / arm.id
    place.mkdir(parents=True, exist_ok=True)
    measured = {}
    for number, part in enumerate(("validation", "test")):
        logits = _logits(corpus.part(part), share, seed + number)
        measured[part] = Classification().metrics(logits, corpus.part(part).labels)
        if part == "validation" or chosen:
            np.save(place / f"{part}.npy", logits)
    for step in range(0, 61, 10):
        events.append(place, {
            "kind": "metric", "step": step, "epoch": step / 10, "train_loss": 1.1 - step * share / 60,
            "validation_loss": 1.1 - step * share / 80, "train_accuracy": 0.3 + step * share / 120,
            "validation_accuracy": 0.3 + step * share / 140, "validation_macro_f1": 0.3 + step * share / 150,
            "train_macro_f1": 0.3 + step * share / 120,
        })  # fmt: skip
    return replace(
        arm, state="done", chosen=chosen, seconds=5.0 * cost, memory_mb=300.0 + 50 * cost, steps=60,
        best_step=50, trainable_parameters=TRAINED.get(arm.strategy, 10_000 * cost),
        validation_macro_f1=measured["validation"]["macro_f1"],
        validation_accuracy=measured["validation"]["accuracy"],
        macro_f1=measured["test"]["macro_f1"] if chosen else None,
        accuracy=measured["test"]["accuracy"] if chosen else None,
    )  # fmt: skip


def _logits(part: Corpus, share: float, seed: int) -> np.ndarray:
    """Right for about *share* of the texts: the easy ones for everybody, the rest by chance of the seed."""
    classes = len(part.label_names)
    easy = np.random.default_rng(7).random(part.n)  # the same for every arm, as texts are easy or hard
    noise = np.random.default_rng(seed).normal(scale=0.05, size=part.n)
    read = np.where(easy + noise < share, part.labels, (part.labels + 1) % classes)
    return (4.0 * np.eye(classes)[read]).astype(np.float32)


def _evidence(folder: Path, corpus: Corpus, words: float, probe: float) -> None:
    references, predicted, validated = {}, {}, {}
    for name, share, seed in (("tfidf", words, 900), ("untuned_probe", probe, 901)):
        test, validation = corpus.part("test"), corpus.part("validation")
        logits, seen = _logits(test, share, seed), _logits(validation, share, seed)
        references[name] = {
            **Classification().metrics(logits, test.labels),
            "validation_macro_f1": Classification().metrics(seen, validation.labels)["macro_f1"],
            "seconds": 1.5,
            "C": 1.0,
        }
        predicted[name], validated[name] = logits.argmax(-1).tolist(), seen.argmax(-1).tolist()
    references["untuned_probe"]["layer"] = 4
    probes = [
        {"layer": layer, "macro_f1": probe - 0.03 * abs(layer - 4), "accuracy": probe - 0.03 * abs(layer - 4),
         "validation_macro_f1": probe - 0.03 * abs(layer - 4)}
        for layer in range(DEPTH + 1)
    ]  # fmt: skip
    write_json(
        folder / results.EVIDENCE,
        {"references": references, "probes": probes, "predicted": predicted,
         "validation_predicted": validated},
    )  # fmt: skip
