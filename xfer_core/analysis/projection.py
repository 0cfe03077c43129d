"""Maps of every layer in one plane, comparable from layer to layer.

Plain UMAP places each layer anew, so that a point's move from one map to the next means nothing. Here a
*consensus* of the layers' neighbour graphs is laid out once, and each layer is then relaxed from that common
start with a small step and turned back onto it: what moves has other neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.features import Features
from xfer_core.analysis.layout import common, consensus, graph, matched, onto, principal, relax, spread
from xfer_core.analysis.neighbours import nearest, unit
from xfer_core.analysis.predictions import correctness
from xfer_core.analysis.quality import SAMPLED, measured, quality, separation, separation_on_map
from xfer_core.analysis.reading import Reading
from xfer_core.corpora.corpus import Corpus
from xfer_core.errors import BadModel, BadSetting, BadTable
from xfer_core.files import fingerprint, whole
from xfer_core.i18n import N_
from xfer_core.progress import Report, part, silent
from xfer_core.settings import home
from xfer_core.threads import single_threaded

VERSION = "3"
"""Part of every cache key: raise it when the same features would give other maps."""

NEIGHBOURS = 15
FEWEST = 10
"""Texts below which a map has no neighbourhoods to show."""

NOISE_QUANTILE = 0.95
SKETCH_ROWS = 500
"""Texts the quality of a sketch is measured on."""


@dataclass(frozen=True)
class LayerMaps:
    """Places of the same n texts in every layer, and what they keep of it.

    Attributes
    ----------
    points : float32 [layers, n, 2]
        Places, in one common scale; only distances mean something, and near ones most.
    trustworthiness, continuity, kept : float64 [layers]
        As in :class:`xfer_core.analysis.quality.Quality`, of 15 neighbours.
    noise : float
        What 95 % of the points move less than, in units of the map, when the last layer, the freest, is drawn
        once more with another seed: a shorter move means nothing. NaN for a sketch, where nothing is chance.
        One for all layers: six more would take seven maps of 1,000 texts half as long again (0.27 s each of
        2.9 s). The others' were smaller (.75 to 1.2, the last 1.8; of 500 texts 1.0 to 1.6, the last 1.7):
        some true moves between them pass for noise, hardly noise for a move.
    measured : int
        Texts on which quality was measured, against all others.
    """

    points: NDArray[np.float32]
    trustworthiness: NDArray[np.float64]
    continuity: NDArray[np.float64]
    kept: NDArray[np.float64]
    noise: float
    measured: int


@dataclass(frozen=True)
class Maps(LayerMaps):
    """One plane, a place in it for every text in every layer.

    Attributes
    ----------
    separation_features, separation_map : float64 [layers]
        Mean silhouette, -1 to 1, of the groups in the layer (cosine) and on its map (Euclidean): a map held
        too still hides what tuning separated. NaN where there are no two groups.
    separated_by : str
        What the groups are: ``"label"``, without two labels ``"domain"``, or ``""``.
    rows : int64 [n]
        Positions of the texts in the corpus' frame, in ascending order.
    correct : int8 [n] or None
        For a classifier: 1 where it gives the text its label, 0 where not, -1 where that cannot be said.
    truncated : int
        Texts of which the model saw only the first *max_length* tokens.
    hold : float
        0: each layer takes a shape of its own where it needs one; 1: all are held to the common one.
    base_model : str
        The model whose maps these start from and lie on, or ``""``, as *hold* is 0, for a sketch.
    stage : str
        ``"map"``, or ``"sketch"``: principal components, while the map is still being made.
    """

    separation_features: NDArray[np.float64]
    separation_map: NDArray[np.float64]
    separated_by: str
    rows: NDArray[np.int64]
    correct: NDArray[np.int8] | None
    model: str
    corpus: str
    pool: str
    seed: int
    max_length: int
    truncated: int
    hold: float
    base_model: str
    stage: str


def maps(
    states: NDArray[np.float32],
    *,
    seed: int = 0,
    hold: float = 0.0,
    base: NDArray[np.float32] | None = None,
    report: Report = silent,
) -> LayerMaps:
    """Maps of *states* [layers, n, hidden]; the same states and seed give the same bytes.

    Parameters
    ----------
    hold : float
        Between a shape of its own for each layer that needs one (0) and holding still (1). Of a fully tuned
        encoder on the plane of the untuned one (1,000 texts, last layer, silhouette of the labels .13 in the
        features) the map shows .11 at 0 and .07 at 1, where a plain fit shows .12; trustworthiness .94, .91.
    base : float32 [n, 2] or [layers', n, 2], optional
        Maps of the same texts by another model, to start from and lie on: its layers are matched by relative
        depth. What did not change for the other model then stays where it was.

    Raises
    ------
    BadTable
        If there are fewer than ten texts.
    BadModel
        If features are not numbers.
    BadSetting
        If *hold* is not between 0 and 1.
    """
    if not 0 <= hold <= 1:
        raise BadSetting(N_("A map is held by 0 (own shape) to 1 (still), not {hold}."), hold=hold)
    check(states)
    layers, n, _ = states.shape
    k = min(NEIGHBOURS, (n - 1) // 2)
    rows = measured(n, seed)
    with single_threaded():
        report(0.0, N_("Loading the map maker"))
        graphs, near = [], []
        for layer, state in enumerate(states):
            indices, distances = nearest(unit(state), k + 1)
            graphs.append(graph((indices[:, :k], distances[:, :k])))  # umap counts a point as its own first
            near.append(indices[rows, 1:])
            report(0.1 + 0.3 * (layer + 1) / layers, N_("Finding neighbours in each layer"))
        report(0.4, N_("Laying out what the layers have in common"))
        bases = consensus(states, graphs, seed) if base is None else matched(base, layers)
        points, found = np.empty((layers, n, 2), np.float32), []
        for layer, state in enumerate(states):
            of_layer = unit(state)
            points[layer] = relax(bases[layer], of_layer, graphs[layer], seed, hold)
            found.append(quality(of_layer, points[layer], near[layer], rows))
            report(0.6 + 0.37 * (layer + 1) / layers, N_("Drawing a map of each layer"))
        again = relax(bases[-1], of_layer, graphs[-1], seed + 1, hold)
    noise = float(np.quantile(np.linalg.norm(again - points[-1], axis=1), NOISE_QUANTILE))
    trust, continuity, kept = (
        np.array([getattr(each, field.name) for each in found]) for field in fields(found[0])
    )
    return LayerMaps(points, trust, continuity, kept, noise, len(rows))


def check(states: NDArray[np.float32]) -> None:
    """Whether *states* [layers, n, hidden] can be mapped; raises as :func:`maps` does."""
    n = states.shape[1]
    if n < FEWEST:
        raise BadTable(N_("A map needs at least {fewest} texts; there are {n}."), fewest=FEWEST, n=n)
    for layer, state in enumerate(states):
        broken = int((~np.isfinite(state)).any(axis=1).sum())
        if broken:
            raise BadModel(
                N_("In layer {layer} the model gives {n} of the texts features that are not numbers."),
                N_("Its weights may be damaged, or saved too coarsely: try another model, or save it anew."),
                layer=layer,
                n=broken,
            )


def sketch(states: NDArray[np.float32], *, seed: int = 0, report: Report = silent) -> LayerMaps:
    """Principal components of every layer of *states* [layers, n, hidden], turned onto what all layers have
    in common: a first look within seconds, without umap. Raises as :func:`maps` does."""
    check(states)
    layers, n, _ = states.shape
    k = min(NEIGHBOURS, (n - 1) // 2)
    rows = measured(n, seed, SKETCH_ROWS)
    points, found = np.empty((layers, n, 2), np.float32), []
    with single_threaded():
        base = spread(common(states, seed), seed)
        for layer, state in enumerate(states):
            of_layer = unit(state)
            own = principal(of_layer)
            own *= float(np.linalg.norm(base)) / max(float(np.linalg.norm(own)), 1e-12)
            points[layer] = onto(own, base)
            near = nearest(of_layer, k + 1, rows)[0][:, 1:]
            found.append(quality(of_layer, points[layer], near, rows))
            report((layer + 1) / layers, N_("Sketching each layer"))
    trust, continuity, kept = (
        np.array([getattr(each, field.name) for each in found]) for field in fields(found[0])
    )
    return LayerMaps(points, trust, continuity, kept, float("nan"), len(rows))


def warm() -> None:
    """Compile umap's kernels ahead of the first map: some ten seconds, once a process."""
    maps(np.random.default_rng(0).normal(size=(1, 50, 8)).astype(np.float32))


def maps_of(reading: Reading, *, hold: float = 0.0, base_model: str = "", report: Report = silent) -> Maps:
    """Maps of every layer for the texts of *reading*.

    With *base_model*, another model's name, the maps lie in the plane of that model's maps of the same texts,
    which do not move: before and after tuning, or two models side by side. The points are kept on disk: the
    same model, texts and settings are laid out once.

    Raises
    ------
    NotFound
        If there is no such corpus.
    BadTable
        If the corpus has fewer than ten texts.
    BadModel
        If the model cannot be loaded, or gives features that are not numbers.
    BadSetting
        If *hold* is not between 0 and 1.
    """
    base = None
    if base_model:
        below = part(report, 0.0, 0.5)
        base = maps_of(replace(reading, model=base_model), hold=hold, report=below).points
        report = part(report, 0.5, 1.0)
    corpus, rows = reading.draw()
    found = reading.features(corpus.texts, part(report, 0, 0.5))
    correct = correctness(
        reading.model, corpus.texts, corpus.labels, corpus.label_names, reading.max_length,
        part(report, 0.5, 0.7),
    )  # fmt: skip

    def drawn() -> dict[str, Any]:
        watch = part(report, 0.7, 1.0)
        return vars(maps(found.array, seed=reading.seed, hold=hold, base=base, report=watch))

    start = base.tobytes() if base is not None else b""
    plain = _kept(fingerprint(VERSION, found.key, str(reading.seed), str(float(hold)), start), drawn)
    layered = LayerMaps(**plain | {"noise": float(plain["noise"]), "measured": int(plain["measured"])})
    return _described(
        layered, reading, found, corpus, rows=rows, correct=correct, hold=hold, base_model=base_model,
        stage="map",
    )  # fmt: skip


def sketch_of(reading: Reading, *, report: Report = silent) -> Maps:
    """What :func:`maps_of` shows of the same texts, as principal components: stage ``"sketch"``, in the time
    of the model's pass and a second or two."""
    corpus, rows = reading.draw()
    found = reading.features(corpus.texts, part(report, 0, 0.9))
    drawn = sketch(found.array, seed=reading.seed, report=part(report, 0.9, 1.0))
    return _described(
        drawn, reading, found, corpus, rows=rows, correct=None, hold=0.0, base_model="", stage="sketch"
    )


def _kept(key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The arrays that *make* gave when it was first called with this *key*."""
    path = home() / "cache" / "maps" / f"{key}.npz"
    if not path.exists():
        made = make()
        with whole(path) as draft, draft.open("wb") as file:
            np.savez(file, **made)
    with np.load(path) as stored:
        return {name: stored[name] for name in stored.files}


def _described(
    drawn: LayerMaps, reading: Reading, found: Features, corpus: Corpus, *, stage: str, **about: Any
) -> Maps:
    """The maps with what they are of, and how far they keep the corpus' groups apart."""
    by, groups = groups_of(corpus)
    rows = measured(corpus.n, reading.seed, SKETCH_ROWS if stage == "sketch" else SAMPLED)

    def in_features() -> dict[str, Any]:
        return {"separation": np.array([separation(unit(state), groups) for state in found.array])}

    with single_threaded():
        key = fingerprint(VERSION, "separation", found.key, groups.tobytes())
        apart = _kept(key, in_features)["separation"]
        on_map = np.array([separation_on_map(points, groups, rows) for points in drawn.points])
    return Maps(
        **vars(drawn), separation_features=apart, separation_map=on_map, separated_by=by,
        model=reading.model, corpus=reading.corpus, pool=reading.pool, seed=reading.seed,
        max_length=found.max_length, truncated=found.truncated, stage=stage, **about,
    )  # fmt: skip


def groups_of(corpus: Corpus) -> tuple[str, NDArray[np.int64]]:
    """What the texts fall into, ``"label"``, else ``"domain"`` or ``""``, and each one's group, int64 [n]."""
    for by, groups in (("label", corpus.labels), ("domain", corpus.domains)):
        if len(np.unique(groups[groups >= 0])) > 1:
            return by, groups
    return "", np.full(corpus.n, -1)
