"""The shape of a layer's states: do they point one way, how many directions have they, who is near whom."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.threads import single_threaded

NEIGHBOURS = 10
AT_ONCE = 256
"""Texts whose similarities to all others are held together."""
FEWEST = 20
"""Different states below which an intrinsic dimension is not estimated."""


def anisotropy(states: NDArray[np.floating]) -> float:
    """Mean cosine of two different texts (Ethayarajh 2019, arXiv 1909.00512): 0 if they point everywhere.

    Of all pairs, in one pass: ``(‖Σ u‖² - n) / (n (n - 1))`` with u the states at length 1. NaN below 2
    texts.
    """
    unit = _unit(np.asarray(states, dtype=np.float64))
    n = int((unit**2).any(axis=1).sum())
    return float(((unit.sum(axis=0) ** 2).sum() - n) / (n * (n - 1))) if n > 1 else float("nan")


def intrinsic_dimension(states: NDArray[np.floating]) -> float:
    """How many directions texts differ in near each other: TwoNN of Facco et al. 2017 (scikit-dimension).

    The ratio μ of the distances to a text's second and first neighbour follows ``F(μ) = 1 - μ^-d``; d is the
    slope of ``-log(1 - F)`` against ``log μ``, with the largest tenth of the ratios left out. Equal states
    count once, for they have no distance. All pairs are compared: give a sample. NaN below 20 different
    states.
    """
    distinct = np.unique(np.asarray(states, dtype=np.float64), axis=0)
    if len(distinct) < FEWEST:
        return float("nan")
    from skdim.id import TwoNN

    with single_threaded():
        return float(TwoNN().fit(distinct).dimension_)


def purity(
    states: NDArray[np.floating],
    rows: NDArray[np.int64],
    *codes: NDArray[np.int64],
    k: int = NEIGHBOURS,
) -> tuple[float, ...]:
    """Share of the *k* nearest texts (cosine) that have a text's own code, for each of the *codes* [n].

    Parameters
    ----------
    states : array [n, hidden]
    rows : int64 [m]
        The texts asked for; their neighbours are sought among all n, a block at a time.

    Returns
    -------
    One float for each of *codes*, 0 to 1; NaN where all states are equal, so that nobody is near.
    """
    return tuple(float(each.mean()) for each in agreeing(states, rows, *codes, k=k))


def agreeing(
    states: NDArray[np.floating],
    rows: NDArray[np.int64],
    *codes: NDArray[np.int64],
    k: int = NEIGHBOURS,
) -> NDArray[np.float64]:
    """What :func:`purity` is the mean of: the share of each text asked for, float64 [codes, m]."""
    unit = _unit(np.asarray(states, dtype=np.float32))
    k = min(k, len(unit) - 1)
    shares = np.full((len(codes), len(rows)), np.nan)
    if k < 1 or np.ptp(unit, axis=0).max() < 1e-6:
        return shares
    with single_threaded():
        for start in range(0, len(rows), AT_ONCE):
            asked = rows[start : start + AT_ONCE]
            similar = unit[asked] @ unit.T
            similar[np.arange(len(asked)), asked] = -np.inf
            near = np.argpartition(-similar, k - 1, axis=1)[:, :k]
            for share, code in zip(shares, codes, strict=True):
                share[start : start + AT_ONCE] = (code[near] == code[asked][:, None]).mean(axis=1)
    return shares


def _unit(states: NDArray[np.floating]) -> NDArray[np.floating]:
    lengths = np.linalg.norm(states, axis=1, keepdims=True)
    return np.divide(states, lengths, out=np.zeros_like(states), where=lengths > 0)
