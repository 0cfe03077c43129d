"""Whether attention looks as if its weights had never been trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EVEN, MOST = 0.97, 0.95
"""A head is even above this share of the largest entropy; the model untrained if most heads are."""

FEWEST = 3
"""Below that many tokens every row is nearly even."""


def untrained(weights: NDArray[np.float32]) -> bool:
    """Whether nearly all heads spread their weight evenly, as they do before any training.

    A model that was loaded without its weights, or never trained, gives every token the same: small random
    matrices make small scores, and their softmax is flat. Trained models have sharp heads in every layer.

    Parameters
    ----------
    weights : float32 [layers, heads, T, K]
        Rows that sum to 1.
    """
    seen = (weights > 0).any(axis=(0, 1)).sum(-1)  # keys that each row may look at
    rows = seen >= FEWEST
    if not rows.any():
        return False
    heads = evenness(weights)[:, :, rows].mean(-1)
    return bool((heads > EVEN).mean() >= MOST)


def evenness(weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Entropy of every row over the largest it could have, log of the keys it may see; [layers, heads, T].

    0: all on one token; 1: the same on all. NaN where a row may look at one key only.
    """
    shares = weights.astype(np.float64)
    seen = (weights > 0).any(axis=(0, 1)).sum(-1)
    entropy = -np.sum(shares * np.log(shares, out=np.zeros_like(shares), where=shares > 0), axis=-1)
    most = np.where(seen > 1, np.log(np.maximum(seen, 2)), np.nan)
    found: NDArray[np.float64] = entropy / most
    return found
