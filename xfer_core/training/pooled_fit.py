"""``features-K`` and ``mix``: no steps, but a logistic regression on means that the untuned model gives once.

Its strength is chosen on the validation part. The curve has one point a strength, from the strongest to the
weakest penalty, after the shares of the classes alone (step 0): it shows underfitting and learning by heart
as a curve over steps does.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import Interrupted
from xfer_core.i18n import N_
from xfer_core.models.load import load
from xfer_core.models.pooled_head import PooledClassifier, folded
from xfer_core.progress import Report
from xfer_core.runs.worker import Job
from xfer_core.tasks import Task
from xfer_core.tasks.baselines import STRENGTHS, regression, standardised
from xfer_core.threads import single_threaded
from xfer_core.training import memory
from xfer_core.training.fitted import ALL, Fitted
from xfer_core.training.material import Shared
from xfer_core.training.plans import Plan
from xfer_core.training.settings import FitConfig

ABSENT = -30.0
"""The logit of a class that no training text has: scikit-learn does not know it."""

Array = npt.NDArray[Any]


def solve(config: FitConfig, corpus: Corpus, job: Job, plan: Plan, what: Task, shared: Shared) -> Fitted:
    """Fit a classifier on the pooled states of ``plan.pooled``; as :func:`~xfer_core.training.fit.fit`."""
    began = time.monotonic()
    memory.reset_peak()
    source = shared.source(config.model)
    max_length = min(config.max_length, source.max_positions)
    encoder, tokenizer = load(source, "encoder")
    bf16 = config.precision == "bf16"
    states = shared.pooled(encoder, tokenizer, corpus, max_length, stoppable(job), bf16=bf16)
    heed(job)
    job.phase(N_("Training"))
    train, validation = corpus.part("train"), corpus.part("validation")
    features = np.concatenate([states[layer] for layer in plan.pooled], axis=1).astype(np.float64)
    parts = features[: train.n], features[train.n : train.n + validation.n]
    classes = len(corpus.label_names)
    scaler = standardised(parts[0])
    scaled = [scaler.transform(part) for part in parts]
    labels = train.labels, validation.labels
    curve = [_point(what, 0, [_shares(labels[0], classes, len(part)) for part in parts], labels)]
    job.event("metric", **curve[0])
    heads = []
    for step, strength in enumerate(STRENGTHS, 1):
        with single_threaded():
            solved = regression(strength)
            if config.class_weights:
                solved.set_params(class_weight="balanced")
            solved.fit(scaled[0], labels[0])
        heads.append(_rows(solved, classes))
        curve.append(_point(what, step, [x @ heads[-1][0].T + heads[-1][1] for x in scaled], labels))
        job.event("metric", **curve[-1])
        job.progress(step, len(STRENGTHS))
        if job.stop_requested():
            break
    best = max(
        curve[1:], key=lambda point: point[f"validation_{what.choice}"] - 1e-7 * point["validation_loss"]
    )
    weight, bias = folded(heads[best["step"] - 1], scaler.mean_, scaler.scale_)
    layered = weight.reshape(classes, len(plan.pooled), -1).transpose(1, 0, 2)
    model = PooledClassifier(encoder, plan.pooled, layered, bias, corpus.label_names).eval()
    return Fitted(
        model=model, tokenizer=tokenizer, source=source, plan=plan, max_length=max_length, curve=curve,
        best_step=best["step"], steps=len(heads), cached=ALL,
        trainable_parameters=model.weight.numel() + model.bias.numel(),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        memory_mb=memory.peak_mb(), truncated=shared.truncated(corpus, source, max_length),
        stopped=len(heads) < len(STRENGTHS), seconds=time.monotonic() - began,
    )  # fmt: skip


def _rows(solved: Any, classes: int) -> tuple[Array, Array]:
    """Coefficients [classes, features] and intercepts [classes], one row a class also where there are two.

    Of two classes scikit-learn keeps the difference of their logits; half of it with either sign is the same
    probability.
    """
    coefficients, intercept = solved.coef_, solved.intercept_
    if len(solved.classes_) == 2:
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercept = np.concatenate([-intercept, intercept]) / 2
    weight, bias = np.zeros((classes, coefficients.shape[1])), np.full(classes, ABSENT)
    weight[solved.classes_], bias[solved.classes_] = coefficients, intercept
    return weight, bias


def _shares(labels: Array, classes: int, n: int) -> Array:
    """The logits of knowing only how common each class is, [n, classes]."""
    counts = np.bincount(labels, minlength=classes)
    with np.errstate(divide="ignore"):
        return np.tile(np.maximum(np.log(counts / counts.sum()), ABSENT), (n, 1))


def _point(what: Task, step: int, logits: list[Array], labels: tuple[Array, Array]) -> dict[str, Any]:
    point: dict[str, Any] = {"step": step, "epoch": float(step)}
    for name, rows, true in zip(("train", "validation"), logits, labels, strict=True):
        logs = rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)
        point[f"{name}_loss"] = float(-logs[np.arange(len(true)), true].mean())
        point |= {f"{name}_{key}": value for key, value in what.metrics(rows, true).items()}
    return point


def heed(job: Job) -> None:
    """Raise Interrupted if a stop is wished, before the first step."""
    if job.stop_requested():
        raise Interrupted(N_("Stopped before the first step, so there is no tuned model."))


def stoppable(job: Job) -> Report:
    """Progress of what comes before the first step, where a stop leaves nothing."""

    def report(fraction: float, message: str) -> None:
        heed(job)
        job.report(fraction, N_("Running the frozen layers once"))

    return report
