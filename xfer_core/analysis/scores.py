"""Macro-F1 and accuracy with the interval that the number of tested texts allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.resampling import RESAMPLES, bounds, macro_f1


@dataclass(frozen=True)
class Score:
    """*macro_f1* as scikit-learn computes it, its bounds *low* and *high* (95 %), and *accuracy*."""

    macro_f1: float
    low: float
    high: float
    accuracy: float


def score(true: NDArray[np.int64], predicted: NDArray[np.int64], *, seed: int = 0) -> Score:
    """Score predictions, with a percentile bootstrap over the texts.

    Macro-F1 depends on the texts only through the confusion matrix, so that drawing n texts with replacement
    is drawing its cells from a multinomial: a thousand resamples cost less than one pass over the texts.
    """
    classes, codes = np.unique(np.concatenate([true, predicted]), return_inverse=True)
    t, p = codes[: len(true)], codes[len(true) :]
    cells, counts = np.unique(t * len(classes) + p, return_counts=True)
    rows, columns = np.divmod(cells, len(classes))
    draws = np.random.default_rng(seed).multinomial(len(true), counts / len(true), size=RESAMPLES)
    low, high = bounds(macro_f1(draws, rows, columns[None])[:, 0])
    exact = macro_f1(counts[None], rows, columns[None])[0, 0]
    return Score(float(exact), float(low), float(high), float((t == p).mean()))


def gain(
    true: NDArray[np.int64], before: NDArray[np.int64], after: NDArray[np.int64], *, seed: int = 0
) -> tuple[float, float]:
    """Bounds (95 %) of how much higher macro-F1 is with *after* than with *before*, on the same texts.

    Texts are drawn for both together: what is hard for one is mostly hard for the other, so that the
    difference is known better than either score.
    """
    classes, codes = np.unique(np.concatenate([true, before, after]), return_inverse=True)
    size, n = len(classes), len(true)
    t, a, b = codes[:n], codes[n : 2 * n], codes[2 * n :]
    cells, counts = np.unique((t * size + a) * size + b, return_counts=True)
    pairs, last = np.divmod(cells, size)
    rows, first = np.divmod(pairs, size)
    draws = np.random.default_rng(seed).multinomial(n, counts / n, size=RESAMPLES)
    drawn = macro_f1(draws, rows, np.stack([first, last]))
    low, high = bounds(drawn[:, 1] - drawn[:, 0])
    return float(low), float(high)
