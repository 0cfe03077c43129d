"""Macro-F1 of many readers on the same texts, the texts drawn again and again for all of them together.

Two readers of the same texts stumble over the same hard ones, so that their difference is known better than
either score. Keeping the draws lets every difference and every mean have its bounds from one and the same
resampling (Efron & Tibshirani 1993, ch. 13: percentile bootstrap).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.scores import CONFIDENCE, RESAMPLES

AT_ONCE = 100
"""Draws computed together: few enough that thousands of texts stay within memory."""

FEW = 5
"""Texts below which a bootstrap would claim to know: of one text every draw is that text."""

Array = NDArray[np.float64]


def macro_f1(true: NDArray[np.int64], predicted: NDArray[np.int64], counts: Array) -> Array:
    """Macro-F1 of every reader on texts that count as often as *counts* says, float64 [draws, readers].

    As in :func:`xfer_core.analysis.scores.score`, the mean is over the classes that occur, as true or as
    predicted, among the texts at hand.

    Parameters
    ----------
    true : int64 [n]
    predicted : int64 [readers, n]
    counts : float64 [draws, n]
    """
    from scipy.sparse import csr_array

    readers, n = predicted.shape
    classes, codes = np.unique(np.concatenate([true, predicted.ravel()]), return_inverse=True)
    size, truth, said = len(classes), codes[:n], codes[n:].reshape(readers, n)
    columns = (said + size * np.arange(readers)[:, None]).ravel()
    places = np.tile(np.arange(n), readers), columns
    of_predicted = csr_array((np.ones(columns.size), places), shape=(n, readers * size))
    of_hits = csr_array(((said == truth).ravel().astype(float), places), shape=(n, readers * size))
    of_true = csr_array((np.ones(n), (np.arange(n), truth)), shape=(n, size))
    shaped = (len(counts), readers, size)
    hits = (counts @ of_hits).reshape(shaped)
    found = (counts @ of_predicted).reshape(shaped) + (counts @ of_true)[:, None]
    f1 = np.divide(2 * hits, found, out=np.zeros_like(found), where=found > 0)
    return np.asarray(f1.sum(axis=2) / (found > 0).sum(axis=2))


def resampled(true: NDArray[np.int64], predicted: NDArray[np.int64], *, seed: int = 0) -> Array:
    """:func:`macro_f1` on a thousand draws of the texts with replacement, float64 [RESAMPLES, readers].

    A row is one draw: the same texts for every reader.
    """
    rng, chance = np.random.default_rng(seed), np.full(len(true), 1 / len(true))
    blocks = (rng.multinomial(len(true), chance, size=AT_ONCE) for _ in range(RESAMPLES // AT_ONCE))
    return np.concatenate([macro_f1(true, predicted, block.astype(float)) for block in blocks])


def bounds(draws: Array) -> tuple[Array, Array]:
    """The middle 95 % of *draws* [RESAMPLES, …] along the first axis."""
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return low, high
