"""How alike two representations of the same texts are: linear centred kernel alignment (CKA).

Kornblith et al. 2019, arXiv 1905.00414. 1: alike up to rotation, shift and scale; 0: unrelated. With fewer
texts than a state has numbers it is too high, for any two representations: take several hundred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xfer_core.threads import single_threaded


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """``‖Yᵀ X‖² / (‖Xᵀ X‖ ‖Yᵀ Y‖)`` (Frobenius) of centred columns, in double precision.

    Parameters
    ----------
    x, y : array [n, p], [n, q]
        The same n texts, in the same order.

    Returns
    -------
    float
        0 to 1; NaN where one of the two says the same of all texts.
    """
    x, y = (_centred(states) for states in (x, y))
    with single_threaded():
        if len(x) < max(x.shape[1], y.shape[1]):  # the same from n × n products, of fewer numbers here
            kernel_x, kernel_y = x @ x.T, y @ y.T
            shared, own = float((kernel_x * kernel_y).sum()), _norm(kernel_x) * _norm(kernel_y)
        else:
            shared, own = _norm(y.T @ x) ** 2, _norm(x.T @ x) * _norm(y.T @ y)
    return shared / own if own > 0 else float("nan")


def shift(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Linear CKA of every layer's states before and after tuning.

    Parameters
    ----------
    before, after : array [layers, n, hidden]
        Pooled states of the same texts; layer 0 is the output of the embeddings.

    Returns
    -------
    float64 [layers]; 1: the layer still says the same.
    """
    pairs = zip(np.asarray(before), np.asarray(after), strict=True)
    return np.array([linear_cka(old, new) for old, new in pairs])


def _centred(states: ArrayLike) -> NDArray[np.float64]:
    """Columns of mean 0; one that only rounding tells from a constant is one."""
    given = np.asarray(states, dtype=np.float64)
    centred = given - given.mean(axis=0)
    flat = np.abs(centred).max(axis=0) <= 1e-12 * np.abs(given).max(axis=0)
    centred[:, flat] = 0.0
    return centred


def _norm(matrix: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(matrix))
