"""How far a map can be trusted: what it keeps of the neighbours in the layer, and of the classes.

Trustworthiness and continuity are those of Venna and Kaski 2001 ("Neighborhood preservation in nonlinear
projection methods", ICANN); the silhouette is Rousseeuw's 1987 (J. Comput. Appl. Math. 20, 53-65).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.neighbours import blocks

EXACT = 5_000
"""Texts up to which every one is measured; of more, a seeded sample of ``SAMPLED`` against all others."""
SAMPLED = 2_000

Apart = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Rows → their distances to all, [rows, n], in any unit that keeps the order."""


@dataclass(frozen=True)
class Quality:
    """Of one layer's map, each 0 to 1.

    Attributes
    ----------
    trustworthiness : float
        Whether the nearest on the map are near in the layer: 1 all are, about .5 by chance.
    continuity : float
        Whether the nearest in the layer are near on the map: the same with the two exchanged.
    kept : float
        Share of a text's nearest in the layer that are its nearest on the map too.
    """

    trustworthiness: float
    continuity: float
    kept: float


def measured(n: int, seed: int, sampled: int = SAMPLED) -> NDArray[np.int64]:
    """The rows quality is measured on: all up to ``EXACT`` texts, else *sampled* of them, ascending."""
    if n <= EXACT and sampled == SAMPLED:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, min(sampled, n), replace=False))


def quality(
    states: NDArray[np.float32],
    points: NDArray[np.float32],
    near: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> Quality:
    """Of the map *points* [n, 2] of *states* [n, hidden], unit rows, measured on the texts *rows*.

    Parameters
    ----------
    near : int64 [rows, k]
        The k nearest in the layer of each of *rows*, itself left out; k < n / 2.
    """
    k = near.shape[1]
    on_map = _nearest_on_map(points, rows, k)
    trust = _shortfall(_by_cosine(states), rows, on_map, len(states))
    continuity = _shortfall(_on_map(points), rows, near, len(states))
    kept = float((near[:, :, None] == on_map[:, None, :]).any(axis=2).mean())
    return Quality(trust, continuity, kept)


def _nearest_on_map(points: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """The *k* nearest points of each of *rows*, itself left out."""
    from scipy.spatial import cKDTree

    found = cKDTree(points).query(points[rows], k=k + 1)[1]
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True  # many points on one spot: it may not be among its own nearest
    return found[~own].reshape(len(rows), k)


def _shortfall(apart: Apart, rows: NDArray[np.int64], near: NDArray[np.int64], n: int) -> float:
    """``1 - 2 / (m k (2n - 3k - 1)) Σ max(0, rank - k)`` over the *near* [m, k] of *rows*, where rank is the
    place of a neighbour among all texts by *apart*: as scikit-learn's but for ties, which share a rank."""
    k, ranks = near.shape[1], np.empty(near.shape, np.int64)
    for block in blocks(len(rows)):
        distances = apart(rows[block])
        distances[np.arange(len(distances)), rows[block]] = -np.inf  # itself is rank 0
        of_near = np.take_along_axis(distances, near[block], axis=1)
        distances.sort(axis=1)
        for row, ordered, wanted in zip(range(*block.indices(len(rows))), distances, of_near, strict=True):
            ranks[row] = ordered.searchsorted(wanted)
    penalty = int(np.maximum(ranks - k, 0).sum())
    return 1 - 2 * penalty / (near.size * (2 * n - 3 * k - 1))


def _by_cosine(states: NDArray[np.float32]) -> Apart:
    opposite = -states
    return lambda rows: states[rows] @ opposite.T


def _on_map(points: NDArray[np.float32]) -> Apart:
    def apart(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        squared = (points[rows, 0][:, None] - points[:, 0]) ** 2
        squared += (points[rows, 1][:, None] - points[:, 1]) ** 2
        return squared

    return apart


def separation(states: NDArray[np.float32], groups: NDArray[np.int64]) -> float:
    """Mean silhouette by cosine distance of *states* [n, hidden], unit rows; NaN where it is not defined.

    The mean distance to a group is one minus the product with its mean, so the time is linear in n.
    """
    known = groups >= 0
    which = _members(groups[known])
    if which is None:
        return float("nan")
    some, counts = states[known].astype(np.float64), which.sum(axis=0)
    sums = counts - some @ (some.T @ which)
    own = 1 - (some * some).sum(axis=1)  # what a text adds to the sum of its own group: 0, or 1 for zeros
    return _silhouette(sums, which, own)


def separation_on_map(
    points: NDArray[np.float32], groups: NDArray[np.int64], rows: NDArray[np.int64]
) -> float:
    """Mean silhouette of those of *rows* in a group, on the map *points* [n, 2], by Euclidean distance."""
    known = groups >= 0
    which = _members(groups[known])
    rows = rows[known[rows]]
    if which is None or not len(rows):
        return float("nan")
    place = np.cumsum(known) - 1
    apart = _on_map(points[known])
    sums = np.concatenate(
        [np.sqrt(apart(place[rows[block]])).astype(np.float64) @ which for block in blocks(len(rows))]
    )
    return _silhouette(sums, which, np.zeros(len(rows)), place[rows])


def _members(groups: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Who belongs where, [n, groups] of 0 and 1; None of fewer than two groups, or of groups of one only."""
    names, codes = np.unique(groups, return_inverse=True)
    if not 2 <= len(names) < len(groups):
        return None
    return np.eye(len(names))[codes]


def _silhouette(
    sums: NDArray[np.float64],
    which: NDArray[np.float64],
    own: NDArray[np.float64],
    rows: NDArray[np.int64] | None = None,
) -> float:
    """Mean of ``(b - a) / max(a, b)``: *a* the mean distance to one's own group, *b* to the nearest other.

    *sums* [rows, groups] are of distances to all members, *own* what each row added to its own group's sum;
    a text alone in its group counts 0.
    """
    counts = which.sum(axis=0)
    member = (which if rows is None else which[rows]).astype(bool)
    alone = np.broadcast_to(counts, member.shape)[member] == 1
    inner = (sums[member] - own) / np.maximum(np.broadcast_to(counts, member.shape)[member] - 1, 1)
    outer = np.where(member, np.inf, sums / counts).min(axis=1)
    larger = np.maximum(inner, outer)
    values = np.divide(outer - inner, larger, out=np.zeros_like(larger), where=(larger > 0) & ~alone)
    return float(values.mean())
