"""Laying points out in a plane: where they start, and umap's descent over a neighbour graph.

Starts are principal components; graph, curve and optimiser are umap-learn's own functions (McInnes, Healy
and Melville 2018, arXiv 1802.03426), called without its estimator, so that a graph can be laid out twice.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.neighbours import Nearest

MIN_DIST = 0.1
BASE_EPOCHS = 200
RELAX_EPOCHS = (50, 200)
RELAX_POINTS = 100_000
"""Points moved in relaxing a layer, texts × epochs, within the epochs above: fewer texts afford more epochs.

Of 400 texts, 50 epochs kept trustworthiness up to .03 below a plain fit's, 200 within .015 (two corpora).
"""
RELAX_RATE = 0.1
OWN_SHAPE = (0.08, 0.20, 0.70)
"""How a layer whose far distances the consensus misses gets a shape of its own.

The share of random triplets (is b or c nearer to a?) that the layer's own two principal components order
rightly and the consensus does not: below the first number the layer starts from the consensus alone, at the
second the share of its own components in the start reaches the third. Held fast to the consensus, a map
would hide what fine-tuning did to the last layers.
"""
OWN_EPOCHS = 150
TRIPLETS = 5_000
WIDE = 10.0
"""Half the width of a fresh map: umap's usual ±10."""
STRAY = 3.0
"""Times as far from the middle as 98 % of the points: whoever is farther has been thrown off."""
ALIKE = 1e-5
"""Cosines that differ by less than this are one point many times."""
_COLUMNS, _PASSES = 10, 6
"""Of the subspace iteration: columns kept beside the two wanted make it converge in a few passes."""


def principal(states: NDArray[np.float32]) -> NDArray[np.float64]:
    """The first two principal components [n, 2] of *states* [n, hidden], unit rows.

    By the covariance [hidden, hidden], so memory does not grow with n². Signs are settled by the largest
    entry, so that the same points never come out mirrored; of one point many times, zeros.
    """
    centred = states - states.mean(axis=0)
    if np.abs(centred).max() < ALIKE:  # as [CLS] is in layer 0: no direction to find
        return np.zeros((len(states), 2))
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return _upright((centred @ vectors[:, : -min(3, len(vectors) + 1) : -1]).astype(np.float64))


def common(states: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """The first two principal components [n, 2] of all layers side by side: of the rows [n, layers × hidden]
    that hold a text's unit states of every layer.

    By randomised subspace iteration (Halko, Martinsson and Tropp 2011, SIAM Review 53, 217-288), a layer of
    *states* [layers, n, hidden] at a time: neither the rows nor their n × n products are ever held.
    """
    layers, n, hidden = states.shape
    scale = np.empty((layers, n, 1), np.float32)
    mean = np.empty((layers, hidden), np.float32)
    for layer, state in enumerate(states):
        lengths = np.linalg.norm(state, axis=1, keepdims=True)
        scale[layer] = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        mean[layer] = (scale[layer] * state).mean(axis=0)
    columns = min(_COLUMNS, n)
    found = np.random.default_rng(seed).normal(size=(n, columns)).astype(np.float32)
    for _ in range(_PASSES):
        found = np.linalg.qr(found)[0]
        total, passed = found.sum(axis=0), np.zeros((n, columns), np.float32)
        for layer, state in enumerate(states):
            across = state.T @ (scale[layer] * found) - mean[layer][:, None] * total
            passed += scale[layer] * (state @ across) - mean[layer] @ across
        found = passed
    left, values, _ = np.linalg.svd(found.astype(np.float64), full_matrices=False)
    return _upright(left[:, :2] * np.sqrt(values[:2]))


def _upright(points: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = points[np.abs(points).argmax(axis=0), range(points.shape[1])]
    upright = points * np.where(largest < 0, -1, 1)
    return np.pad(upright, ((0, 0), (0, 2 - points.shape[1])))


def onto(points: NDArray[Any], base: NDArray[Any]) -> NDArray[np.float32]:
    """*points* turned and shifted, not stretched, to lie as near to *base* as they can (Kabsch 1976)."""
    moved, target = points - points.mean(axis=0), base - base.mean(axis=0)
    left, _, right = np.linalg.svd(moved.T @ target)
    return (moved @ (left @ right) + base.mean(axis=0)).astype(np.float32)


def spread(points: NDArray[np.float64], seed: int) -> NDArray[np.float32]:
    """Points stretched to ±``WIDE`` and jittered, for the optimiser seeds each point by its place: duplicate
    texts on one spot would draw the same random numbers for ever."""
    scaled = points * (WIDE / max(np.abs(points).max(), 1e-12))
    jitter = np.random.default_rng(seed).normal(scale=1e-3, size=points.shape)
    return (scaled + jitter).astype(np.float32)


def graph(found: Nearest) -> Any:
    """umap's fuzzy graph of the neighbours *found*, as a sparse matrix [n, n]."""
    from umap.umap_ import fuzzy_simplicial_set

    indices, distances = found
    n, k = indices.shape
    empty = np.empty((n, 0), np.float32)  # neighbours are given, so the data are not looked at
    random = np.random.RandomState(0)
    strengths, *_ = fuzzy_simplicial_set(
        empty, k, random, "precomputed", knn_indices=indices, knn_dists=distances
    )
    return strengths


@cache
def _curve() -> tuple[float, float]:
    """umap's *a* and *b*: how attraction falls off with distance on the map."""
    from umap.umap_ import find_ab_params

    a, b = find_ab_params(1.0, MIN_DIST)
    return float(a), float(b)


def descend(
    start: NDArray[np.float32], strengths: Any, *, epochs: int, rate: float, seed: int
) -> NDArray[np.float32]:
    """Places [n, 2] after *epochs* of umap's stochastic gradient descent over a graph, from *start*.

    On one thread, hence the same bytes for the same seed.
    """
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    edges = strengths.tocoo()
    strong = edges.data >= edges.data.max() / epochs  # a weaker edge would never be drawn
    head, tail, weight = edges.row[strong], edges.col[strong], edges.data[strong]
    a, b = _curve()
    points = np.ascontiguousarray(start, dtype=np.float32).copy()
    random = np.random.RandomState(seed).randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64)
    every = make_epochs_per_sample(weight, epochs)
    found = optimize_layout_euclidean(
        points, points, head, tail, epochs, len(points), every, a, b, random, initial_alpha=rate
    )
    return gathered(found, strengths)


def gathered(points: NDArray[np.float32], strengths: Any) -> NDArray[np.float32]:
    """*points* [n, 2] with those thrown off put at the mean of their neighbours, as umap puts new points.

    umap's optimiser (0.5.12) now and then throws some far off: of 1,000 texts of the four-domain corpus, seed
    0, two came to lie at 61 where all others were within 8. It seeds a point's random numbers by bits of its
    place that take eight values, so that many points draw the same; with numbers of their own none was thrown
    in twelve seeds. A group that no edge of the graph joins to the rest is where it belongs, and stays.
    """
    apart = np.linalg.norm(points - np.median(points, axis=0), axis=1)
    stray = apart > STRAY * np.quantile(apart, 0.98)
    pull = strengths.tocsr()[stray][:, ~stray]
    weight = np.asarray(pull.sum(axis=1)).reshape(-1, 1)
    means = np.divide(pull @ points[~stray], weight, out=points[stray], where=weight > 0)
    result = points.copy()
    result[stray] = means
    return result


def consensus(states: NDArray[np.float32], graphs: list[Any], seed: int) -> list[NDArray[np.float32]]:
    """What the layers have in common, laid out once: the same [n, 2] for every layer."""
    start = spread(common(states, seed), seed)
    shared = descend(start, reduce(add, graphs) / len(graphs), epochs=BASE_EPOCHS, rate=1.0, seed=seed)
    return [shared - shared.mean(axis=0)] * len(graphs)


def matched(base: NDArray[np.float32], layers: int) -> list[NDArray[np.float32]]:
    """For each of *layers* the map of *base* at the same relative depth."""
    planes = base[None] if base.ndim == 2 else base
    depth = (len(planes) - 1) / max(layers - 1, 1)
    return [planes[round(layer * depth)] for layer in range(layers)]


def relax(
    base: NDArray[np.float32], states: NDArray[np.float32], strengths: Any, seed: int, hold: float
) -> NDArray[np.float32]:
    """The map [n, 2] of one layer's *states* [n, hidden], unit rows, moved from *base* by its own graph."""
    own = principal(states)
    own *= float(np.linalg.norm(base)) / max(float(np.linalg.norm(own)), 1e-12)
    a, b, c = np.random.default_rng(seed).integers(len(base), size=(3, TRIPLETS))
    nearer = _dot(states[a], states[b]) > _dot(states[a], states[c])
    gap = _ordered(own, a, b, c, nearer) - _ordered(base, a, b, c, nearer)
    low, high, most = OWN_SHAPE
    share = (1 - hold) * most * float(np.clip((gap - low) / (high - low), 0, 1))
    start = ((1 - share) * base + share * onto(own, base)).astype(np.float32)
    epochs = int(np.clip(RELAX_POINTS // len(base), *RELAX_EPOCHS)) + round(OWN_EPOCHS * share)
    return onto(descend(start, strengths, epochs=epochs, rate=RELAX_RATE, seed=seed), base)


def _dot(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.einsum("ij,ij->i", one, other)


def _ordered(
    points: NDArray[Any],
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    c: NDArray[np.int64],
    nearer: NDArray[Any],
) -> float:
    """Share of triplets whose one of b and c that is *nearer* to a in the layer is so on the map."""
    on_map = ((points[a] - points[b]) ** 2).sum(axis=1) < ((points[a] - points[c]) ** 2).sum(axis=1)
    return float((on_map == nearer).mean())
