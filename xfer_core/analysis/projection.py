"""Maps of every layer in one plane, comparable from layer to layer.

Plain UMAP places each layer anew, so that a point's move from one map to the next means nothing. Here a
*consensus* of the layers' neighbour graphs is laid out once, and each layer is then relaxed from that common
start with a small step and turned back onto it: what moves has other neighbours. Graphs, curve and optimiser
are umap-learn's own functions (McInnes et al. 2018, arXiv 1802.03426).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.features import MAX_LENGTH, Pool, features
from xfer_core.analysis.neighbours import Nearest, cosine, nearest, trustworthiness
from xfer_core.analysis.predictions import correctness
from xfer_core.corpora.corpus import drawn
from xfer_core.corpora.corpus import load as load_corpus
from xfer_core.errors import BadTable
from xfer_core.files import fingerprint, whole
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.settings import LIMITS, home
from xfer_core.threads import single_threaded

VERSION = "1"
"""Part of every cache key: raise it when the same features would give other maps."""

NEIGHBOURS = 15
MIN_DIST = 0.1
FEWEST = 10
"""Texts below which a map has no neighbourhoods to show."""

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
ALIKE = 1e-5
"""Cosines that differ by less than this are one point many times."""
TRIPLETS = 20_000


@dataclass(frozen=True)
class Maps:
    """One plane, a place in it for every text in every layer.

    Attributes
    ----------
    points : float32 [layers, n, 2]
        Places, in one common scale, centred; only distances mean something, and near ones most.
    trustworthiness : float64 [layers]
        Share, 0 to 1, of a point's 15 neighbours on the map that are near in the layer (Venna & Kaski 2001).
    rows : int64 [n]
        Positions of the texts in the corpus' frame, in ascending order.
    correct : int8 [n] or None
        For a classifier: 1 where it gives the text its label, 0 where not, -1 where that cannot be said.
    truncated : int
        Texts of which the model saw only the first *max_length* tokens.
    """

    points: NDArray[np.float32]
    trustworthiness: NDArray[np.float64]
    rows: NDArray[np.int64]
    correct: NDArray[np.int8] | None
    model: str
    corpus: str
    pool: str
    seed: int
    max_length: int
    truncated: int


def maps(
    states: NDArray[np.float32], *, seed: int = 0, report: Report = silent
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Points float32 [layers, n, 2] and trustworthiness float64 [layers] of *states* [layers, n, hidden].

    The same states and seed give the same bytes.

    Raises
    ------
    BadTable
        If there are fewer than ten texts.
    """
    layers, n, _ = states.shape
    if n < FEWEST:
        raise BadTable(N_("A map needs at least {fewest} texts; there are {n}."), fewest=FEWEST, n=n)
    k = min(NEIGHBOURS, n // 2)
    with single_threaded():
        report(0.0, N_("Loading the map maker"))
        graph_of = _graph_maker()
        graphs, gram = [], np.zeros((n, n), np.float32)
        for layer, state in enumerate(states):
            similar = cosine(state)
            gram += similar
            graphs.append(graph_of(nearest(similar, k)))
            report(0.1 + 0.3 * (layer + 1) / layers, N_("Finding neighbours in each layer"))
        base = _spread(principal(gram, seed), np.random.default_rng(seed))
        report(0.4, N_("Laying out what the layers have in common"))
        base = _lay_out(base, reduce(add, graphs) / layers, BASE_EPOCHS, 1.0, seed)
        base -= base.mean(axis=0)
        points, trust = np.empty((layers, n, 2), np.float32), np.empty(layers)
        for layer, state in enumerate(states):
            similar = cosine(state)
            points[layer] = _relax(base, similar, graphs[layer], seed)
            trust[layer] = trustworthiness(similar, points[layer], k)
            report(0.6 + 0.4 * (layer + 1) / layers, N_("Drawing a map of each layer"))
    return points, trust


def principal(gram: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """The first two principal components [n, 2] of the points whose inner products *gram* holds.

    Signs are settled by the largest entry, so that the same points never come out mirrored.
    """
    from scipy.sparse.linalg import eigsh

    centred = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
    if np.ptp(gram) < ALIKE:  # one point many times, as [CLS] is in layer 0: no direction to find
        return np.zeros((len(gram), 2))
    start = np.random.default_rng(seed).normal(size=len(gram)).astype(gram.dtype)
    values, vectors = eigsh(centred, k=2, which="LA", v0=start)
    vectors = vectors[:, ::-1] * np.sqrt(np.maximum(values[::-1], 0))
    return vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), [0, 1]])


def onto(points: NDArray[Any], base: NDArray[Any]) -> NDArray[np.float32]:
    """*points* turned and shifted, not stretched, to lie as near to *base* as they can (Kabsch 1976)."""
    moved, target = points - points.mean(axis=0), base - base.mean(axis=0)
    left, _, right = np.linalg.svd(moved.T @ target)
    return (moved @ (left @ right) + base.mean(axis=0)).astype(np.float32)


def _relax(
    base: NDArray[np.float32], similar: NDArray[np.float32], graph: Any, seed: int
) -> NDArray[np.float32]:
    own = principal(similar, seed)
    own *= float(np.linalg.norm(base)) / max(float(np.linalg.norm(own)), 1e-12)
    triplets = np.random.default_rng(seed).integers(len(base), size=(3, TRIPLETS))
    gap = _ordered(own, similar, triplets) - _ordered(base, similar, triplets)
    low, high, most = OWN_SHAPE
    share = most * float(np.clip((gap - low) / (high - low), 0, 1))
    start = ((1 - share) * base + share * onto(own, base)).astype(np.float32)
    epochs = int(np.clip(RELAX_POINTS // len(base), *RELAX_EPOCHS)) + round(OWN_EPOCHS * share)
    return onto(_lay_out(start, graph, epochs, RELAX_RATE, seed), base)


def _ordered(points: NDArray[Any], similar: NDArray[np.float32], triplets: NDArray[np.int64]) -> float:
    """Share of triplets (a, b, c) whose nearer one of b and c is the same on the map as in the layer."""
    a, b, c = triplets
    nearer = ((points[a] - points[b]) ** 2).sum(axis=1) < ((points[a] - points[c]) ** 2).sum(axis=1)
    return float((nearer == (similar[a, b] > similar[a, c])).mean())


def _spread(points: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """Points stretched to umap's usual ±10 and jittered, for the optimiser seeds each point by its place:
    duplicate texts on one spot would draw the same random numbers for ever."""
    scaled = points * (10 / max(np.abs(points).max(), 1e-12))
    return (scaled + rng.normal(scale=1e-3, size=points.shape)).astype(np.float32)


def _graph_maker() -> Callable[[Nearest], Any]:
    """umap's fuzzy neighbour graph of found neighbours, as a sparse matrix [n, n]."""
    from umap.umap_ import fuzzy_simplicial_set

    def graph(found: Nearest) -> Any:
        indices, distances = found
        n, k = indices.shape
        empty = np.empty((n, 0), np.float32)  # neighbours are given, so the data are not looked at
        state = np.random.RandomState(0)
        return fuzzy_simplicial_set(empty, k, state, "precomputed", knn_indices=indices, knn_dists=distances)[
            0
        ]

    return graph


@cache
def _curve() -> tuple[float, float]:
    """umap's *a* and *b*: how attraction falls off with distance on the map."""
    from umap.umap_ import find_ab_params

    a, b = find_ab_params(1.0, MIN_DIST)
    return float(a), float(b)


def _lay_out(
    start: NDArray[np.float32], graph: Any, epochs: int, rate: float, seed: int
) -> NDArray[np.float32]:
    """umap's stochastic gradient descent over *graph*, from *start*; single-threaded, hence repeatable."""
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    edges = graph.tocoo()
    strong = edges.data >= edges.data.max() / epochs  # a weaker edge would never be drawn
    head, tail, weight = edges.row[strong], edges.col[strong], edges.data[strong]
    a, b = _curve()
    points = np.ascontiguousarray(start, dtype=np.float32).copy()
    random = np.random.RandomState(seed).randint(-(2**31) + 1, 2**31 - 1, 3).astype(np.int64)
    every = make_epochs_per_sample(weight, epochs)
    return optimize_layout_euclidean(
        points, points, head, tail, epochs, len(points), every, a, b, random, initial_alpha=rate
    )


def warm() -> None:
    """Compile umap's kernels ahead of the first map: some ten seconds, once a process."""
    maps(np.random.default_rng(0).normal(size=(1, 50, 8)).astype(np.float32))


def maps_of(
    model: str,
    corpus_id: str,
    *,
    pool: Pool = "mean",
    texts: int = LIMITS.features_texts,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
    report: Report = silent,
) -> Maps:
    """Maps of every layer for at most *texts* texts of a corpus, drawn from every label and domain alike.

    The points are kept on disk: the same model, texts and seed are laid out once.

    Raises
    ------
    BadTable
        If the corpus has fewer than ten texts.
    BadModel
        If the model cannot be loaded.
    """
    whole_corpus = load_corpus(corpus_id)
    rows = drawn(whole_corpus, min(texts, LIMITS.features_texts), seed)
    corpus = whole_corpus.take(rows)
    chosen = corpus.texts
    found = features(model, chosen, pool=pool, max_length=max_length, report=part(report, 0.0, 0.5))
    correct = correctness(
        model, chosen, corpus.labels, corpus.label_names, max_length, part(report, 0.5, 0.7)
    )
    kept = home() / "cache" / "maps" / f"{fingerprint(VERSION, found.key, str(seed))}.npz"
    if not kept.exists():
        points, trust = maps(found.array, seed=seed, report=part(report, 0.7, 1.0))
        with whole(kept) as draft, draft.open("wb") as file:
            np.savez(file, points=points, trustworthiness=trust)
    with np.load(kept) as stored:
        points, trust = stored["points"], stored["trustworthiness"]
    return Maps(points, trust, rows, correct, model, corpus_id, pool, seed, found.max_length, found.truncated)
