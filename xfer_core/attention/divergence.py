"""How far the rows of attention heads differ: Jensen–Shannon divergence, in bits.

``JSD(p, q) = H((p + q)/2) − (H(p) + H(q))/2``: 0 for the same row, 1 where no token has weight in both (Lin
1991). Clark et al. 2019 (arXiv 1906.04341, §6) tell heads apart by it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def entropy(rows: NDArray[np.floating]) -> Array:
    """In bits, over the last axis."""
    rows = rows.astype(np.float64)
    logs = np.log2(rows, out=np.zeros_like(rows), where=rows > 0)
    found: Array = -np.sum(rows * logs, axis=-1)
    return found


def divergence(p: NDArray[np.floating], q: NDArray[np.floating]) -> Array:
    """Of rows *p* and *q* [..., K], each of which sums to 1; [...]."""
    middle = (p.astype(np.float64) + q) / 2
    found: Array = np.maximum(entropy(middle) - (entropy(p) + entropy(q)) / 2, 0)
    return found


def between(heads: NDArray[np.floating]) -> Array:
    """Of every pair of *heads* [N, R, K], the mean over their R rows; [N, N], symmetric."""
    own = entropy(heads)
    found = np.zeros((len(heads), len(heads)))
    for one in range(len(heads) - 1):  # a pair at a time would call, all at once would fill the memory
        middle = entropy((heads[one].astype(np.float64) + heads[one + 1 :]) / 2)
        apart = np.maximum(middle - (own[one] + own[one + 1 :]) / 2, 0).mean(-1)
        found[one, one + 1 :] = found[one + 1 :, one] = apart
    return found
