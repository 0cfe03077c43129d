"""How alike two representations of the same texts are: debiased linear centred kernel alignment (CKA).

CKA is that of Kornblith et al. 2019 (arXiv 1905.00414): 1 for states alike up to rotation, shift and scale, 0
for unrelated ones. As it was first written it comes out far too high where texts are not many more than the
numbers of a state (.56 for unrelated states of 384 numbers and 300 texts). So its three terms are estimated
without bias (HSIC₁ of Song et al. 2012, JMLR 13, 1393-1434), as in Nguyen, Raghu and Kornblith 2021 (arXiv
2010.15327).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xfer_core.threads import single_threaded

FEWEST = 4
"""Texts below which the estimate does not exist."""

_ROUNDING = 1e-12


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """``HSIC₁(K, L) / √(HSIC₁(K, K) HSIC₁(L, L))`` with ``K = x xᵀ``, ``L = y yᵀ``, in double precision.

    Parameters
    ----------
    x, y : array [n, p], [n, q]
        The same n texts, in the same order.

    Returns
    -------
    float
        At most 1, and about 0, or a little below by chance, for unrelated states; NaN where one of the two
        says the same of all texts, and for fewer than 4 texts.
    """
    if len(np.asarray(x)) < FEWEST:
        return float("nan")
    with single_threaded():
        k, gram = _kernel(x), _kernel(y)
        shared, own = float((k * gram).sum()), float((k * k).sum()) * float((gram * gram).sum())
    return min(shared / float(np.sqrt(own)), 1.0) if own > 0 else float("nan")


def shift(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """Debiased linear CKA of every layer's states before and after tuning.

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


def between(states: ArrayLike) -> NDArray[np.float64]:
    """Debiased linear CKA of every layer with every other.

    Parameters
    ----------
    states : array [layers, n, hidden]
        Pooled states of the same texts. A matrix of n × n is held for each layer: give a sample. The estimate
        has no bias, so that a thousand texts say as much as all.

    Returns
    -------
    float64 [layers, layers]; symmetric, 1 on the diagonal, NaN as in :func:`linear_cka`.
    """
    given = [np.asarray(layer) for layer in np.asarray(states)]
    if len(given[0]) < FEWEST:
        return np.full((len(given), len(given)), np.nan)
    with single_threaded():
        kernels = np.stack([_kernel(layer).ravel() for layer in given])
        shared = kernels @ kernels.T
    own = np.diag(shared)
    scale = np.sqrt(np.outer(own, own))
    return np.minimum(np.divide(shared, scale, out=np.full_like(shared, np.nan), where=scale > 0), 1.0)


def _kernel(states: ArrayLike) -> NDArray[np.float64]:
    """Products of all pairs of texts, U-centred: [n, n] with a diagonal of 0, rows and columns of sum 0.

    The sum of products of two such matrices is n (n - 3) times HSIC₁ (Székely and Rizzo 2014, Annals of
    Statistics 42, 2382-2412), a factor that CKA does not see.
    """
    given = np.asarray(states, dtype=np.float64)
    n = len(given)
    centred = given - given.mean(axis=0)  # which HSIC₁ does not see, but rounding does
    centred[:, np.abs(centred).max(axis=0) <= _ROUNDING * np.abs(given).max(axis=0)] = 0.0
    kernel = centred @ centred.T
    np.fill_diagonal(kernel, 0.0)
    sums = kernel.sum(axis=0) / (n - 2)
    kernel += sums.sum() / (n - 1) - sums[:, None] - sums
    np.fill_diagonal(kernel, 0.0)
    return kernel
