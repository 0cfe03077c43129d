"""Scores of every layer on the same texts drawn again: how sure they are, and how sure their differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.scores import CONFIDENCE, RESAMPLES

HALVES = 6
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


def halves(rows: NDArray[np.int64], seed: int) -> list[NDArray[np.int64]]:
    """*rows* cut in two at random, both parts, three times over."""
    rng = np.random.default_rng(seed)
    middle = len(rows) // 2
    mixed = [rng.permutation(rows) for _ in range(HALVES // 2)]
    return [part for each in mixed for part in (each[:middle], each[middle:])]


def halving(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """How a score moves with the texts trained on, float64 [halves]: weights of standard normal numbers.

    From *scores* of probes trained on halves; the sum of normal numbers so weighted has their variance, which
    is what the jackknife that leaves out half gives for all texts (Shao and Wu 1989, Annals of Statistics 17,
    1176-1197). It leaves out half and not less because a probe's answers jump.
    """
    return (scores - scores.mean()) / np.sqrt(len(scores))


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
