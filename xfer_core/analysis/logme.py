"""LogME: how well a linear model could explain the labels, without training or held-out texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xfer_core.threads import single_threaded

ROUNDS = 50
CLOSE = 1e-3


def logme(states: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Logarithm of the maximum evidence a text, the mean over classes (You et al. 2021, arXiv 2102.11005).

    For each class, its indicator y is taken as ``y ~ N(F w, 1/β)`` with ``w ~ N(0, 1/α)``; ``log p(y | F)``
    is made as large as α and β can make it, by MacKay's fixed point. With the eigenvalues σ of ``Fᵀ F``, the
    effective number of parameters ``γ = Σ β σ / (α + β σ)`` and the mean m of w::

        α = γ / mᵀm,   β = (n - γ) / ‖F m - y‖²

    Higher is better; only comparisons on the same texts mean anything.

    Parameters
    ----------
    states : array [n, hidden]
        F, as it is: neither centred nor scaled, as in the paper.
    labels : int64 [n]

    Returns
    -------
    float; NaN with fewer than two classes, or if all states are 0.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        return float("nan")
    f = np.asarray(states, dtype=np.float64)
    with single_threaded():
        small = f.T @ f if f.shape[1] <= len(f) else f @ f.T
        squares, vectors = np.linalg.eigh(small)
        kept = squares > 1e-12 * max(float(squares[-1]), 1e-300)
        squares = squares[kept]
        if not len(squares):
            return float("nan")
        axes = vectors[:, kept] if f.shape[1] <= len(f) else f.T @ vectors[:, kept] / np.sqrt(squares)
        indicators = (labels[:, None] == classes).astype(np.float64)
        # Of each indicator, the part along every left singular vector, squared.
        energy = (axes.T @ (f.T @ indicators)) ** 2 / squares[:, None]
        total = (indicators**2).sum(axis=0)
        found = [
            _evidence(squares, energy[:, c], float(total[c]), len(f), f.shape[1]) for c in range(len(classes))
        ]
    return float(np.mean(found)) / len(f)


def _evidence(
    squares: NDArray[np.float64], energy: NDArray[np.float64], total: float, n: int, hidden: int
) -> float:
    """log p(y | F) at its fixed point; *energy* is (uᵀy)² for every singular vector u, *total* yᵀy."""
    alpha, beta = 1.0, 1.0
    for _ in range(ROUNDS):
        kept = beta * squares / (alpha + beta * squares)
        weight = float((kept**2 * energy / squares).sum())  # mᵀm
        residual = max(total - float(((2 * kept - kept**2) * energy).sum()), 1e-12 * total)
        gamma = float(kept.sum())
        before = alpha / beta
        alpha, beta = gamma / max(weight, 1e-300), (n - gamma) / residual
        if abs(alpha / beta - before) <= CLOSE * before:
            break
    kept = beta * squares / (alpha + beta * squares)
    weight = float((kept**2 * energy / squares).sum())
    residual = max(total - float(((2 * kept - kept**2) * energy).sum()), 1e-12 * total)
    volume = float(np.log(alpha + beta * squares).sum()) + (hidden - len(squares)) * np.log(alpha)
    fit = n * np.log(beta) - n * np.log(2 * np.pi) - beta * residual
    return float(hidden * np.log(alpha) + fit - alpha * weight - volume) / 2
