"""Every method on every layer of two domains, as arrays: fitted with labels of the source alone, then judged.

A target's labels have two uses here, both after all fitting: they judge, and they train the ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis.alignment import bridges
from xfer_core.analysis.alignment.bridges import BRIDGES, Bridge, States
from xfer_core.analysis.alignment.methods import METHODS, NONE
from xfer_core.analysis.alignment.result import Alignment
from xfer_core.analysis.scores import gain, score
from xfer_core.errors import BadTable
from xfer_core.i18n import N_, Said, as_message
from xfer_core.progress import Report, part, silent
from xfer_core.tasks.baselines import PROBE_STRENGTH, regression, standardised
from xfer_core.threads import single_threaded

FIT_SHARE = 0.7
FEWEST = 10
"""Texts of a domain below which nothing is fitted to it."""
SHOWN = 250
"""Texts of each domain that are kept for the map."""


@dataclass(frozen=True)
class Half:
    """Texts of one domain, in two parts: to fit on and to test with.

    Attributes
    ----------
    states : float [layers, n, hidden]
    labels : int64 [n]; -1: unknown.
    fit, test : int64 [f], [t]
        Positions; every tested text has a label. A target without any label has nothing to *test*.
    """

    states: NDArray[np.floating[Any]]
    labels: NDArray[np.int64]
    fit: NDArray[np.int64]
    test: NDArray[np.int64]


def halves(
    labels: NDArray[np.int64], seed: int, *, labelled: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions to fit on (70 %) and to test with, drawn without a look at the labels.

    Of the second part only those with a label can be tested, of the first only those can train (*labelled*).
    """
    mixed = np.random.default_rng(seed).permutation(len(labels))
    cut = round(FIT_SHARE * len(mixed))
    fit, test = np.sort(mixed[:cut]), np.sort(mixed[cut:])
    return fit[labels[fit] >= 0] if labelled else fit, test[labels[test] >= 0]


def align(
    source: Half,
    target: Half,
    names: tuple[str, str],
    label_names: Sequence[str],
    *,
    methods: Sequence[str] = tuple(METHODS),
    layers: Sequence[int] | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Alignment:
    """Fit every method on every layer, and judge it on the tested texts of both domains.

    Parameters
    ----------
    names : (source, target)
    layers : sequence of int, optional
        What the layers of the states are called; by default 0, 1, …

    Raises
    ------
    BadTable
        If a domain has too few texts or classes, or no layer has numbers that can be used.
    """
    _check(source, target, names)
    layers = tuple(range(len(source.states)) if layers is None else layers)
    methods = (NONE, *(name for name in methods if name != NONE))
    table = _Table(source, target, methods, len(layers), seed)
    notes: list[Said] = []
    with single_threaded():
        for place, layer in enumerate(layers):
            problem = table.fill(place, part(report, place / len(layers), (place + 1) / len(layers)))
            if problem:
                notes.append(as_message(problem, layer=layer))
    if np.isnan(table.label_free).all():
        raise BadTable(
            notes[0]["message"], N_("Choose another way of pooling, or other texts."), layer=layers[0]
        )
    best = np.unravel_index(np.nanargmax(table.label_free), table.label_free.shape)
    return Alignment(
        source=names[0], target=names[1], labels=tuple(label_names), layers=layers, methods=methods,
        **table.arrays(),
        chosen=(methods[best[0]], layers[best[1]]),
        source_shares=_shares(source.labels[source.fit], len(label_names)),
        target_shares=_shares(target.labels[target.test], len(label_names)),
        trained=len(source.fit), fitted=len(target.fit), tested=len(target.test),
        source_tested=len(source.test), ceiling_trained=len(_taught(target)),
        notes=(*_lacking(source, target, names, label_names), *notes),
        seed=seed,
    )  # fmt: skip


class _Table:
    """The arrays of an :class:`Alignment`, filled layer by layer."""

    def __init__(self, source: Half, target: Half, methods: tuple[str, ...], layers: int, seed: int) -> None:
        self.source, self.target, self.methods, self.seed = source, target, methods, seed
        size = (len(methods), layers)
        self.macro_f1, self.low, self.high = np.full((3, *size), np.nan)
        self.source_macro_f1, self.source_low, self.source_high = np.full((3, *size), np.nan)
        self.gain, self.gain_low, self.gain_high, self.label_free, self.took = np.full((5, *size), np.nan)
        self.ceiling, self.ceiling_low, self.ceiling_high = np.full((3, layers), np.nan)
        self.shown = [half.fit[:: -(-len(half.fit) // SHOWN)] for half in (source, target)]
        n = sum(len(rows) for rows in self.shown)
        self.places = np.full((*size, n, 2), np.nan, np.float32)

    def arrays(self) -> dict[str, Any]:
        kept = ("macro_f1", "low", "high", "source_macro_f1", "source_low", "source_high", "gain", "gain_low",
                "gain_high", "label_free", "ceiling", "ceiling_low", "ceiling_high", "places")  # fmt: skip
        rows = self.shown
        return {
            **{name: getattr(self, name) for name in kept},
            "method_seconds": np.nanmean(self.took, axis=1),
            "place_domain": np.repeat(np.array([0, 1], np.int8), [len(each) for each in rows]),
            "place_label": np.concatenate([self.source.labels[rows[0]], self.target.labels[rows[1]]]),
        }

    def fill(self, place: int, report: Report) -> str:
        """One layer; returns what is wrong with it, and leaves it NaN, where it cannot be used."""
        raw = [half.states[place].astype(np.float64) for half in (self.source, self.target)]
        if not all(np.isfinite(states).all() for states in raw):
            return N_("Layer {layer} has features that are no finite numbers, and is left out.")
        kept = bridges.live(raw[0][self.source.fit], raw[1][self.target.fit])
        if not kept.any():
            return N_("Layer {layer} says the same of all texts, and is left out.")
        scaler = standardised(raw[0][self.source.fit][:, kept])
        here, there = (scaler.transform(states[:, kept]) for states in raw)
        self._ceiling(place, there)
        plane = _plane(here[self.shown[0]], there[self.shown[1]])
        before = np.empty(0, np.int64)
        for row, name in enumerate(self.methods):
            report(row / len(self.methods), N_("Bridging the two domains on each layer"))
            begun = thread_time()
            bridge = BRIDGES[name](here[self.source.fit], there[self.target.fit], self.seed)
            reader = _reader(bridge, here[self.source.fit], self.source.labels[self.source.fit])
            self.took[row, place] = thread_time() - begun
            self._judge_at_home(row, place, reader.predict(bridge.source(here[self.source.test])))
            if len(self.target.test):
                after = reader.predict(bridge.target(there[self.target.test]))
                before = after if name == NONE else before
                self._judge(row, place, before, after)
            unlabelled = reader.predict_proba(bridge.target(there[self.target.fit]))
            self.label_free[row, place] = label_free(unlabelled)
            moved = [bridge.source(here[self.shown[0]]), bridge.target(there[self.shown[1]])]
            self.places[row, place] = plane(np.concatenate(moved))
        return ""

    def _judge_at_home(self, row: int, place: int, given: Any) -> None:
        own, at = score(self.source.labels[self.source.test], given, seed=self.seed), (row, place)
        self.source_macro_f1[at], self.source_low[at], self.source_high[at] = own.macro_f1, own.low, own.high

    def _judge(self, row: int, place: int, before: Any, after: Any) -> None:
        truth = self.target.labels[self.target.test]
        found, at = score(truth, after, seed=self.seed), (row, place)
        self.macro_f1[at], self.low[at], self.high[at] = found.macro_f1, found.low, found.high
        self.gain[at] = found.macro_f1 - self.macro_f1[0, place]
        self.gain_low[at], self.gain_high[at] = gain(truth, before, after, seed=self.seed)

    def _ceiling(self, place: int, there: States) -> None:
        """A probe with the labels that adaptation does without, where there are two classes of them."""
        fit = _taught(self.target)
        if len(np.unique(self.target.labels[fit])) < 2:
            return
        scaler = standardised(there[fit])
        reader = _probe().fit(scaler.transform(there[fit]), self.target.labels[fit])
        given = reader.predict(scaler.transform(there[self.target.test]))
        found = score(self.target.labels[self.target.test], given, seed=self.seed)
        self.ceiling[place], self.ceiling_low[place], self.ceiling_high[place] = (
            found.macro_f1, found.low, found.high,
        )  # fmt: skip


def _taught(half: Half) -> NDArray[np.int64]:
    """The texts fitted on whose labels are known: others take part in adapting, not in what labels teach."""
    found: NDArray[np.int64] = half.fit[half.labels[half.fit] >= 0]
    return found


def _probe() -> Any:
    """Classes weigh alike, since their shares in the source say nothing of those in the target."""
    return regression(PROBE_STRENGTH).set_params(class_weight="balanced")


def _reader(bridge: Bridge, states: States, labels: NDArray[np.int64]) -> Any:
    return _probe().fit(bridge.source(states), labels, sample_weight=bridge.weights)


def label_free(probabilities: States) -> float:
    """How sure and how varied predictions [n, classes] are: ``H(mean of p) − mean of H(p)``, in nats.

    This is the mutual information of text and prediction (Bridle et al. 1991), used to choose without labels
    of the target by Musgrave et al. 2022 (arXiv 2208.07360). Over the methods and layers of the twelve pairs
    of the four-domain corpus its rank correlation with the macro-F1 on the target is .62 with natural and .77
    with equal class shares; that of the entropy alone is .47 and .43, of circular validation .36 and .45, of
    soft neighbourhood density (Saito et al. 2021) -.61 and -.76.
    """
    from scipy.stats import entropy

    return float(entropy(probabilities.mean(axis=0)) - entropy(probabilities, axis=1).mean())


def _plane(here: States, there: States) -> Callable[[States], States]:
    """The two main directions of both domains together, before anything is moved; no label is looked at."""
    from sklearn.decomposition import PCA

    both = np.concatenate([here, there])
    flat = PCA(min(2, both.shape[1]), svd_solver="full").fit(both)
    return lambda states: np.pad(flat.transform(states), ((0, 0), (0, 2 - flat.n_components_)))


def _shares(labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    return np.bincount(labels[labels >= 0], minlength=classes) / max(1, (labels >= 0).sum())


def _check(source: Half, target: Half, names: tuple[str, str]) -> None:
    for name, half in zip(names, (source, target), strict=True):
        unscored = half is target and not (target.labels >= 0).any()
        if len(half.fit) < FEWEST or (len(half.test) < 2 and not unscored):
            raise BadTable(
                N_("“{domain}” has {n} texts that can be used here; {fewest} are needed to fit on, and 2 with"
                   " labels to test."),
                N_("Choose another domain, or bring more texts of it."),
                domain=name[:80], n=len(half.fit) + len(half.test), fewest=FEWEST,
            )  # fmt: skip
    if len(np.unique(source.labels[source.fit])) < 2:
        raise BadTable(
            N_("“{domain}” has texts of fewer than two classes, so that no probe can be trained on it."),
            N_("Choose another source domain."),
            domain=names[0][:80],
        )


def _lacking(source: Half, target: Half, names: tuple[str, str], labels: Sequence[str]) -> list[Said]:
    """Classes that only one of the two domains has, where both have any."""
    if not len(target.test):
        return []
    here = set(source.labels[source.fit].tolist())
    there = set(target.labels[target.test].tolist())
    notes = []
    for missing, where in ((here - there, names[1]), (there - here, names[0])):
        if missing:
            message = N_("“{domain}” lacks these labels, which the other domain has: {labels}.")
            known = [labels[code] for code in sorted(missing)]
            notes.append(as_message(message, domain=where, labels=known))
    return notes
