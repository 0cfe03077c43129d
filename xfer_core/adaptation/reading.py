"""Reading texts with a tuned model: its logits, and what its head reads of each text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from xfer_core.adaptation.ground import Ground
from xfer_core.adaptation.results import Measure, Points
from xfer_core.adaptation.towards import head_of, one_a_text
from xfer_core.analysis import scores
from xfer_core.models.states import encode
from xfer_core.threads import single_threaded
from xfer_core.training import reading
from xfer_core.training.fitted import Fitted

DRAWN = 400
"""Test texts of each domain in the picture."""
FOLDS = 5


@dataclass(frozen=True)
class Read:
    """*logits* float32 [n, classes] and *features* float32 [n, d], in the order of the texts."""

    logits: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        return self.logits.argmax(axis=1).astype(np.int64)


def read(fitted: Fitted, texts: Sequence[str]) -> Read:
    """Every text with the whole model."""
    head = head_of(fitted.model)
    encodings = encode(fitted.tokenizer, texts, fitted.max_length)
    features = np.zeros((len(texts), head.in_features), dtype=np.float32)
    heard: list[torch.Tensor] = []

    def seen(places: list[int], mask: torch.Tensor) -> None:
        features[places] = one_a_text(heard.pop(), mask).float().cpu().numpy()

    hook = head.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    try:
        logits = reading.logits(fitted, encodings, np.arange(len(texts)), seen=seen)
    finally:
        hook.remove()
    return Read(logits, features)


def macro_f1(truth: npt.NDArray[np.int64], read: Read) -> Measure | None:
    """Over the texts that have a label; None where none has."""
    known = truth >= 0
    if not known.any():
        return None
    found = scores.score(truth[known], read.predicted[known])
    return Measure(found.macro_f1, found.low, found.high, int(known.sum()))


def gained(truth: npt.NDArray[np.int64], before: Read, after: Read) -> Measure | None:
    """Macro-F1 of *after* minus that of *before*, on the same texts."""
    known, one, other = truth >= 0, macro_f1(truth, before), macro_f1(truth, after)
    if one is None or other is None:
        return None
    low, high = scores.gain(truth[known], before.predicted[known], after.predicted[known])
    return Measure(other.value - one.value, low, high, one.n)


def told_apart(source: Read, target: Read, seed: int) -> float | None:
    """Balanced accuracy of a linear probe for the domain, over folds; None for too few texts."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    a, b = (_some(each.features, seed) for each in (source, target))
    if min(len(a), len(b)) < FOLDS:
        return None
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
    domain = np.repeat([0, 1], [len(a), len(b)])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    with single_threaded():
        found = cross_val_score(probe, np.vstack([a, b]), domain, cv=folds, scoring="balanced_accuracy")
    return float(found.mean())


def drawn(ground: Ground, source: Read, target: Read, seed: int) -> Points:
    """Some test texts of both domains in the plane of their features' two widest directions (PCA)."""
    from sklearn.decomposition import PCA

    sides = [(source, ground.learnt.part("test").labels), (target, ground.target.labels)]
    features = np.vstack([_some(each.features, seed) for each, _ in sides]).astype(np.float64)
    labels = np.concatenate([_some(truth, seed) for _, truth in sides])
    sizes = [len(_some(truth, seed)) for _, truth in sides]
    flat = np.zeros((len(features), 2), dtype=np.float32)
    if np.ptp(features, axis=0).any():  # texts that are all read alike lie in one place
        with single_threaded():
            at = PCA(min(2, *features.shape), svd_solver="full").fit_transform(features)
        flat[:, : at.shape[1]] = at
    return Points(flat, np.repeat([False, True], sizes), labels)


def _some(values: npt.NDArray[Any], seed: int) -> npt.NDArray[Any]:
    """The same texts for every method."""
    return values[np.sort(np.random.default_rng(seed).permutation(len(values))[:DRAWN])]
