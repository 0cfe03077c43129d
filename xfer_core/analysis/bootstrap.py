"""Scores of every layer on the same texts drawn again: how sure they are, and how sure their differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.scores import CONFIDENCE, RESAMPLES

POWER = 0.84
"""Standard errors beyond the bound, so that a true difference is found in 4 of 5 cases."""
BOUND = 1.96


def draws(domains: NDArray[np.int64], seed: int, resamples: int = RESAMPLES) -> NDArray[np.float32]:
    """How often each text is drawn, float32 [resamples, n]: with replacement, each domain its number."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((resamples, len(domains)), np.float32)
    for domain in np.unique(domains):
        rows = np.flatnonzero(domains == domain)
        counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=resamples)
    return counts


def macro_f1(
    weights: NDArray[np.number], true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Macro-F1 under many weightings of the texts and of many label sets.

    Parameters
    ----------
    weights : array [resamples, n]
        How often each text counts.
    true, predicted : int64 [sets, n]
        Each prediction is judged by its own labels.

    Returns
    -------
    float64 [resamples, sets]
        The mean over the classes that occur, as true or as predicted, in the draw at hand; NaN for no text.
    """
    w = np.asarray(weights, dtype=np.float32)  # whole numbers below 2²⁴ are exact in it
    found = np.empty((len(w), len(predicted)))
    for place, (own, said) in enumerate(zip(true, predicted, strict=True)):
        asked = (own[:, None] == np.arange(classes)).astype(np.float32)
        given = (said[:, None] == np.arange(classes)).astype(np.float32)
        support = (w @ (asked + given)).astype(np.float64)
        hits = (w @ (asked * given)).astype(np.float64)
        f1 = np.divide(2 * hits, support, out=np.zeros_like(support), where=support > 0)
        occurring = (support > 0).sum(axis=1)
        found[:, place] = np.divide(
            f1.sum(axis=1), occurring, out=np.full(len(w), np.nan), where=occurring > 0
        )
    return found


def accuracy(
    weights: NDArray[np.number], true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Share of texts read rightly, float64 [resamples, sets]; arguments as of :func:`macro_f1`."""
    w = np.asarray(weights, dtype=np.float32)
    right = (predicted == true).astype(np.float32)
    return (w @ right.T).astype(np.float64) / w.sum(axis=1, keepdims=True)


def bounds(drawn: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % percentile bounds over the first axis of *drawn* [resamples, …]."""
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high


def texts_needed(
    difference: NDArray[np.float64], error: NDArray[np.float64], texts: float
) -> NDArray[np.float64]:
    """How many texts would tell *difference* from none in 4 of 5 cases, where *texts* gave it this *error*.

    The error of a mean falls with the root of the number of texts, so that
    ``texts × ((1.96 + 0.84) × error / difference)²`` are needed; infinite for no difference.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return texts * ((BOUND + POWER) * error / difference) ** 2
