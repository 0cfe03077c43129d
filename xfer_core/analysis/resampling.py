"""How sure scores are: of readers of the same texts, the texts drawn again for all of them together.

Two readers of the same texts stumble over the same hard ones, so that their difference is known better than
either score. Keeping the draws lets every difference and every mean have its bounds from one and the same
resampling (Efron & Tibshirani 1993, ch. 13: percentile bootstrap). Texts to train on cannot be drawn again so
cheaply; :func:`halves` and :func:`halving` say what other ones would change.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1_000
CONFIDENCE = 0.95
AT_ONCE = 250
"""Draws computed together: few enough that thousands of texts stay within memory."""

FEW = 5
"""Texts below which a bootstrap would claim to know: of one text every draw is that text."""

HALVES = 6
POWER = 0.84
"""Standard errors beyond the bound, so that a true difference is found in 4 of 5 cases."""
BOUND = 1.96

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def draws(groups: Ints, seed: int, resamples: int = RESAMPLES) -> NDArray[np.float32]:
    """How often each text is drawn, float32 [resamples, n]: with replacement, each of *groups* its number."""
    rng = np.random.default_rng(seed)
    counts = np.zeros((resamples, len(groups)), np.float32)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        counts[:, rows] = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=resamples)
    return counts


def macro_f1(counts: NDArray[np.number], true: Ints, predicted: Ints) -> Array:
    """Macro-F1 as scikit-learn computes it, of many readers under many weightings of the same texts.

    The mean is over the classes that occur, as true or as predicted, in the weighting at hand; NaN where no
    text counts.

    Parameters
    ----------
    counts : array [draws, n]
        How often each text counts.
    true : int64 [n], or [readers, n] where each is judged by labels of its own
    predicted : int64 [readers, n]

    Returns
    -------
    float64 [draws, readers]
    """
    size = 1 + max(int(true.max(initial=0)), int(predicted.max(initial=0)))
    weights = np.ascontiguousarray(counts.T, dtype=np.float32)  # whole numbers below 2²⁴ are exact in it
    scores = np.empty((len(counts), len(predicted)))
    shared = _sums(true, weights, size) if true.ndim == 1 else None
    judges = np.broadcast_to(true, predicted.shape)
    for place, (truth, said) in enumerate(zip(judges, predicted, strict=True)):
        right = said == truth
        hits = _sums(said[right], weights[right], size)
        asked = _sums(truth, weights, size) if shared is None else shared
        found = asked + _sums(said, weights, size)
        f1 = np.divide(2 * hits, found, out=np.zeros(found.shape), where=found > 0)
        occurring, unknown = (found > 0).sum(axis=0), np.full(len(counts), np.nan)
        scores[:, place] = np.divide(f1.sum(axis=0), occurring, out=unknown, where=occurring > 0)
    return scores


def _sums(labels: Ints, weights: NDArray[np.float32], size: int) -> Array:
    """Weight of each class among *labels* [n], in every draw of *weights* [n, draws]: [size, draws]."""
    from scipy.sparse import csr_array

    ones, texts = np.ones(len(labels), np.float32), np.arange(len(labels))
    return np.asarray(
        csr_array((ones, (labels, texts)), shape=(size, len(labels))) @ weights, dtype=np.float64
    )


def accuracy(counts: NDArray[np.number], true: Ints, predicted: Ints) -> Array:
    """Share of texts read rightly, float64 [draws, readers]; arguments as of :func:`macro_f1`."""
    weights = np.asarray(counts, dtype=np.float32)
    right = (predicted == true).astype(np.float32)
    return (weights @ right.T).astype(np.float64) / weights.sum(axis=1, keepdims=True)


def resampled(true: Ints, predicted: Ints, *, seed: int = 0) -> Array:
    """:func:`macro_f1` on a thousand draws of the texts with replacement, float64 [RESAMPLES, readers].

    A row is one draw: the same texts for every reader.
    """
    rng, chance = np.random.default_rng(seed), np.full(len(true), 1 / len(true))
    blocks = (rng.multinomial(len(true), chance, size=AT_ONCE) for _ in range(RESAMPLES // AT_ONCE))
    return np.concatenate([macro_f1(block, true, predicted) for block in blocks])


def bounds(drawn: Array) -> tuple[Array, Array]:
    """The middle 95 % of *drawn* [draws, …] along the first axis."""
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high


def halves(rows: Ints, seed: int) -> list[Ints]:
    """*rows* cut in two at random, both parts, three times over."""
    rng = np.random.default_rng(seed)
    middle = len(rows) // 2
    mixed = [rng.permutation(rows) for _ in range(HALVES // 2)]
    return [part for each in mixed for part in (each[:middle], each[middle:])]


def halving(scores: Array) -> Array:
    """How a score moves with the texts trained on, as *scores*: weights of standard normal numbers.

    From *scores* [..., halves] of probes trained on halves; the sum of normal numbers so weighted has their
    variance, which is what the jackknife that leaves out half gives for all texts (Shao and Wu 1989, Annals
    of Statistics 17, 1176-1197). It leaves out half and not less because a probe's answers jump.
    """
    return np.asarray((scores - scores.mean(axis=-1, keepdims=True)) / np.sqrt(scores.shape[-1]))


def texts_needed(difference: Array, error: Array, texts: float) -> Array:
    """How many texts would tell *difference* from none in 4 of 5 cases, where *texts* gave it this *error*.

    The error of a mean falls with the root of the number of texts, so that
    ``texts × ((1.96 + 0.84) × error / difference)²`` are needed; infinite for no difference.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return texts * ((BOUND + POWER) * error / difference) ** 2
