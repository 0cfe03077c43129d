"""Sweeps in memory whose strategies have a known quality: no store, no model, no training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from xfer_core.analysis.resampling import macro_f1
from xfer_core.sweep.results import Arm, Sweep
from xfer_core.sweep.settings import validate
from xfer_core.training.strategies import parse

DEPTH = 6
GRID = ("head", *(f"top-{n}" for n in range(1, DEPTH + 1)), "full")
ALIKE = 0.9
"""Correlation of what is hard for one strategy with what is hard for another, unless told otherwise."""


def labels_given(
    truth: np.ndarray, share: float, classes: int, hard: np.ndarray, alike: float, rng: np.random.Generator
) -> np.ndarray:
    """Labels of which about *share* are right; *hard* [n], standard normal, makes strategies err alike."""
    own = rng.normal(size=len(truth))
    score = np.sqrt(alike) * hard + np.sqrt(1 - alike) * own
    cut = np.quantile(np.random.default_rng(1).normal(size=20_000), share)
    wrong = (truth + rng.integers(1, classes, size=len(truth))) % classes
    return np.where(score < cut, truth, wrong)


def simulate(
    quality: Mapping[str, float],
    *,
    references: Mapping[str, float] | None = None,
    validation: int = 2_000,
    test: int = 400,
    seeds: int = 3,
    lr_trials: int = 3,
    wobble: float = 0.004,
    alike: float = ALIKE,
    label_names: tuple[str, ...] = ("negative", "neutral", "positive"),
    texts: list[str] | None = None,
    world: int = 0,
    **more: Any,
) -> Sweep:
    """A sweep of the strategies in *quality* (share read right), each wobbling with the seed.

    A strategy does the same in every sweep of one *world*, whatever others are there.
    """
    rng = np.random.default_rng(world)
    classes = len(label_names)
    truths = {"validation": rng.integers(classes, size=validation), "test": rng.integers(classes, size=test)}
    hard = {part: rng.normal(size=len(truth)) for part, truth in truths.items()}
    given: dict[str, dict[str, np.ndarray]] = {"validation": {}, "test": {}}

    def read(key: str, share: float, seed: int | None, name: str) -> None:
        own = np.random.default_rng([world, seed or 0, *name.encode()])
        share = share if seed is None else share + own.normal(scale=wobble)
        for part, truth in truths.items():
            given[part][key] = labels_given(truth, share, classes, hard[part], alike, own)

    arms = []
    for name, share in quality.items():
        solver = parse(name).solver
        for seed in range(seeds):
            key = f"{name}-s{seed}"
            read(key, share, None if solver else seed, name)
            arms.append(_arm(key, name, seed, given, truths, lr_trials))
        arms += [
            Arm(f"{name}-r{trial}", name, 0, 1e-5 * 3**trial, "trial", "done", seconds=seconds(name))
            for trial in range(lr_trials - 1)
        ]
    known = {"tfidf": 0.6, "untuned_probe": 0.66} if references is None else references
    for name, share in known.items():
        read(name, share, None, name)
    found = {name: {"macro_f1": 0.0, "accuracy": 0.0, "seconds": 1.5} for name in known}
    if "untuned_probe" in found:
        found["untuned_probe"]["layer"] = 4
    probes = [
        {"layer": layer, "macro_f1": 0.66 - 0.02 * abs(layer - 4), "accuracy": 0.66 - 0.02 * abs(layer - 4),
         "validation_macro_f1": 0.67 - 0.02 * abs(layer - 4)}
        for layer in range(DEPTH + 1)
    ]  # fmt: skip
    return Sweep(
        run="made-up", corpus="made-up-12345678",
        config=validate({"strategies": list(quality) or ["head"], "seeds": seeds, "lr_trials": lr_trials}),
        depth=DEPTH, label_names=label_names, truth=truths["test"], rows=np.arange(1, test + 1),
        texts=texts or [f"text number {i}" for i in range(test)], validation_truth=truths["validation"],
        arms=tuple(arms), predicted=given["test"], validation_predicted=given["validation"],
        references=found, probes=probes, **more,
    )  # fmt: skip


def seconds(name: str) -> float:
    """What one training of the strategy takes, roughly as measured: deeper is dearer."""
    plan = parse(name).plan(DEPTH)
    return 0.5 if plan.solver else 2.0 + 9.0 * plan.reach + (12.0 if plan.adapter else 0.0)


def trainable(name: str) -> int:
    plan = parse(name).plan(DEPTH)
    if plan.solver:
        return 1_155
    sizes = {"weights": 1_774_464, "biases": 5_000, "adapter": 60_000, "frozen": 0}
    embeddings, *layers = plan.trained
    return 149_000 + sum(sizes[state] for state in layers) + (11_900_000 if embeddings == "weights" else 0)


def _arm(
    key: str, name: str, seed: int, given: dict[str, dict[str, np.ndarray]], truths: dict[str, np.ndarray],
    lr_trials: int,
) -> Arm:  # fmt: skip
    scores = {
        part: (_macro_f1(truth, given[part][key]), float((truth == given[part][key]).mean()))
        for part, truth in truths.items()
    }
    plan = parse(name).plan(DEPTH)
    return Arm(
        key, name, seed, None if plan.solver else 1e-4, "final" if seed else "trial", "done", chosen=True,
        validation_macro_f1=scores["validation"][0], validation_accuracy=scores["validation"][1],
        macro_f1=scores["test"][0], accuracy=scores["test"][1], trainable_parameters=trainable(name),
        seconds=seconds(name) * (1 + 0.02 * seed), predicted_seconds=seconds(name),
        memory_mb=320.0 + 60.0 * plan.reach, steps=400, best_step=300,
    )  # fmt: skip


def _macro_f1(truth: np.ndarray, given: np.ndarray) -> float:
    """scikit-learn's, which takes a hundred times as long."""
    return float(macro_f1(np.ones((1, len(truth))), truth, given[None])[0, 0])
