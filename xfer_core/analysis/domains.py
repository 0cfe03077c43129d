"""How far apart domains lie in a layer: proxy A-distance and maximum mean discrepancy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from xfer_core.threads import single_threaded


def a_distance(scores: NDArray[np.float64], domains: NDArray[np.int64]) -> float:
    """Proxy A-distance ``2 (1 - 2 ε)``, the mean over all pairs of domains.

    ε is the error of telling two domains apart on texts the probe has not seen, the mean of both sides'
    errors: 0 for domains alike (a little below by chance), 2 for separable ones (Ben-David, Blitzer, Crammer
    and Pereira 2006). All pairs are read off one probe of all domains, the higher of two scores wins.

    Parameters
    ----------
    scores : float64 [n, domains]
        Of the domain probe, of :func:`xfer_core.analysis.controls.held_out`.
    domains : int64 [n]
    """
    present = np.unique(domains)
    errors = []
    for a, b in combinations(present, 2):
        ahead = scores[:, a] - scores[:, b]
        # A tie is half an error, so that a probe that says the same of all texts is at chance.
        of_a = ((ahead < 0) + 0.5 * (ahead == 0))[domains == a].mean()
        of_b = ((ahead > 0) + 0.5 * (ahead == 0))[domains == b].mean()
        errors.append((of_a + of_b) / 2)
    return 2 * (1 - 2 * float(np.mean(errors))) if errors else float("nan")


def mmd(states: NDArray[np.floating], domains: NDArray[np.int64]) -> float:
    """Squared maximum mean discrepancy, unbiased, the mean over all pairs of domains.

    ``MMD²(P, Q) = E k(x, x') + E k(y, y') - 2 E k(x, y)`` with ``k(x, y) = exp(-‖x - y‖² / 2σ²)`` (Gretton et
    al. 2012, JMLR 13, 723-773, equation 3); σ is the median distance of two texts, whichever their domains. 0
    for domains alike, or a little below by chance. The kernel is n × n: give a sample.

    Parameters
    ----------
    states : array [n, hidden]
    domains : int64 [n]

    Returns
    -------
    float; NaN with fewer than two domains of two texts, or where all states are equal.
    """
    present = [code for code in np.unique(domains) if (domains == code).sum() > 1]
    kernel = gaussian(states) if len(present) > 1 else None
    if kernel is None:
        return float("nan")
    with single_threaded():
        of = (domains[:, None] == np.array(present)).astype(np.float64)
        sums, sizes = of.T @ kernel @ of, of.sum(axis=0)
    within = np.diag(sums) / (sizes * (sizes - 1))
    between = sums / np.outer(sizes, sizes)
    pairs = combinations(range(len(present)), 2)
    return float(np.mean([within[a] + within[b] - 2 * between[a, b] for a, b in pairs]))


def gaussian(states: NDArray[np.floating]) -> NDArray[np.float64] | None:
    """The kernel of :func:`mmd`, [n, n] with a diagonal of 0; None where all states are equal."""
    given = np.asarray(states, dtype=np.float64)
    with single_threaded():
        centred = given - given.mean(axis=0)
        lengths = (centred**2).sum(axis=1)
        squared = np.maximum(lengths[:, None] + lengths - 2 * centred @ centred.T, 0.0)
        median = float(np.median(squared[np.triu_indices(len(given), 1)]))
        if median <= 1e-12 * float((given**2).sum(axis=1).mean()):
            return None
        kernel = np.exp(squared / (-2 * median))
    np.fill_diagonal(kernel, 0.0)
    return kernel
