"""Every layer asked by probes: the label, the domain, and the label in another domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis import resampling
from xfer_core.analysis.controls import SHUFFLES, Question, Ridge, folds, groups, held_out, question
from xfer_core.analysis.domains import a_distance
from xfer_core.analysis.profile import Band, Floats
from xfer_core.i18n import N_, Said, as_message
from xfer_core.progress import Report, silent
from xfer_core.threads import single_threaded

FEWEST_DISTINCT = 20
"""Different texts below which there is no probe."""
FEWEST_IN_DOMAIN = 10
"""Labelled texts of a domain below which no probe is trained or tested there."""


@dataclass(frozen=True)
class Material:
    """The texts measured. *states* float32 [layers, n, hidden]; *labels* int64 [n], -1 for none."""

    states: NDArray[np.float32]
    texts: list[str]
    labels: NDArray[np.int64]
    domains: NDArray[np.int64]
    domain_names: tuple[str, ...]
    label_names: tuple[str, ...]
    layers: tuple[int, ...]
    seed: int

    @property
    def labelled(self) -> bool:
        return len(np.unique(self.labels)) > 1

    @property
    def several(self) -> bool:
        return len(self.domain_names) > 1


@dataclass(frozen=True)
class Probed:
    """The fields of :class:`~xfer_core.analysis.profile.Profile` that probes fill; see there."""

    task: Band
    control: Floats
    selectivity: Floats
    domain: Band
    domain_control: Floats
    a_distance: Floats
    transfer: Band
    transfer_control: Floats
    pairs: int
    behind: Band
    first: Floats
    ahead: Floats
    needed: Floats
    notes: tuple[Said, ...]


def probed(material: Material, report: Report = silent) -> Probed:
    """Ask every layer; all layers are judged on the same texts, drawn again in the same way."""
    layers = len(material.layers)
    same = groups(material.texts)
    asked, notes = _questions(material, same)
    crossing = Crossing(material, same, asked.get("task"))
    notes += crossing.notes
    fold = folds(same, material.labels, material.domains, material.seed)
    weights = resampling.draws(material.domains, material.seed)
    scores = {name: Scores(layers, len(weights)) for name in ("task", "domain", "transfer")}
    distances = np.full(layers, np.nan)
    for place, states in enumerate(material.states):
        report(place / layers, N_("Reading each layer with probes"))
        if not np.isfinite(states).all():
            continue
        found = held_out(states, fold, list(asked.values())) if asked else []
        answers = dict(zip(asked, found, strict=True))
        with single_threaded():
            for name, answer in answers.items():
                measure = resampling.macro_f1 if name == "task" else resampling.accuracy
                scores[name].take(place, measure, asked[name], answer.predicted, weights)
            if "domain" in answers:
                distances[place] = a_distance(answers["domain"].scores, material.domains)
            if crossing.pairs:
                scores["transfer"].put(place, *crossing.read(states, weights))
    deciding = scores["transfer"] if crossing.pairs else scores["task"]
    lead = deciding.against_the_best(len(material.texts) / len(material.domain_names))
    return Probed(
        task=scores["task"].band(), control=scores["task"].floor(), selectivity=scores["task"].selectivity(),
        domain=scores["domain"].band(), domain_control=scores["domain"].floor(), a_distance=distances,
        transfer=scores["transfer"].band(), transfer_control=scores["transfer"].floor(),
        pairs=len(crossing.pairs), **lead, notes=tuple(notes),
    )  # fmt: skip


def _questions(material: Material, same: NDArray[np.int64]) -> tuple[dict[str, Question], list[Said]]:
    """What can be asked of these texts, and why something cannot."""
    notes, asked = [], {}
    distinct = int(same.max()) + 1
    if not material.labelled:
        notes.append(as_message(N_("No two labels: nothing is said of the task, nor of what travels.")))
    if not material.several:
        notes.append(as_message(N_("One domain: nothing is said of domains, nor of what travels.")))
    if distinct < FEWEST_DISTINCT:
        message = N_("There are {n} different texts: too few for probes, which need {fewest}.")
        return {}, [*notes, as_message(message, n=distinct, fewest=FEWEST_DISTINCT)]
    if material.labelled:
        asked["task"] = question(material.labels, material.domains, same, material.seed)
    if material.several:
        asked["domain"] = question(material.domains, material.labels, same, material.seed)
    return asked, notes


Measure = Callable[[NDArray[np.number], NDArray[np.int64], NDArray[np.int64]], Floats]
"""Weights [resamples, n], classes and predictions [sets, n]: scores [resamples, sets]."""


class Crossing:
    """Probes trained in one domain and tested in another, for every pair that has the texts for it."""

    def __init__(self, material: Material, same: NDArray[np.int64], asked: Question | None) -> None:
        self.notes: list[Said] = []
        self.rows: dict[int, NDArray[np.int64]] = {}
        self.asked, self.seed = asked, material.seed
        if asked is not None and material.several:
            for code, name in enumerate(material.domain_names):
                self._consider(material, code, name)
        # A text that stands in two domains would be tested by a probe that has learnt it.
        first = np.full(int(same.max()) + 1, -1)
        first[same] = material.domains
        shared = np.zeros(len(first), bool)
        shared[same[first[same] != material.domains]] = True
        self.tests = {code: rows[~shared[same[rows]]] for code, rows in self.rows.items()}
        self.pairs = [(s, t) for s in self.rows for t in self.rows if s != t and len(self.tests[t])]

    def _consider(self, material: Material, code: int, name: str) -> None:
        rows = np.flatnonzero(material.domains == code)
        has = np.unique(material.labels[rows])
        if len(rows) < FEWEST_IN_DOMAIN or len(has) < 2:
            message = N_("“{domain}” has too few texts or labels ({n:,} and {labels}) to travel from or to.")
            self.notes.append(as_message(message, domain=name, n=len(rows), labels=len(has)))
            return
        self.rows[code] = rows
        lacking = [label for at, label in enumerate(material.label_names) if at not in has]
        if lacking:
            message = N_("“{domain}” has no text with these labels: {labels}.")
            self.notes.append(as_message(message, domain=name, labels=lacking))

    def read(
        self, states: NDArray[np.floating], weights: NDArray[np.float32]
    ) -> tuple[float, Floats, Floats]:
        """Mean macro-F1 over pairs: the score, its draws [resamples], and shuffled labels' [shuffles].

        The draws hold both kinds of luck: the texts tested are drawn again (*weights* [resamples, n]), and
        the probes are trained on half of their texts, six times (:func:`resampling.halving`).
        """
        assert self.asked is not None
        codes, classes = self.asked.codes, self.asked.classes
        luck = np.random.default_rng(self.seed).normal(size=(len(self.rows), len(weights), resampling.HALVES))
        exact, controls, drawn = 0.0, np.zeros(SHUFFLES), np.zeros(len(weights))
        for place, (source, rows) in enumerate(self.rows.items()):
            targets = [tests for target, tests in self.tests.items() if (source, target) in self.pairs]
            if not targets:
                continue
            ends = np.cumsum([len(tests) for tests in targets])
            asked = states[np.concatenate(targets)]
            answers = Ridge(states[rows]).scores(codes[:, rows], classes, asked).argmax(axis=2)
            for tests, said in zip(targets, np.split(answers, ends[:-1], axis=1), strict=True):
                evenly, true = np.ones((1, len(tests))), codes[:, tests]
                once = resampling.macro_f1(evenly, true, said)[0]
                again = resampling.macro_f1(weights[:, tests], true[0], said[:1])[:, 0]
                exact += once[0]
                controls += once[1:]
                drawn += np.where(np.isnan(again), once[0], again)
            halves = resampling.halves(rows, self.seed)
            again = np.array([self._total(states, half, asked, targets) for half in halves])
            drawn += luck[place] @ resampling.halving(again)
        pairs = len(self.pairs)
        return float(exact) / pairs, drawn / pairs, controls / pairs

    def _total(
        self,
        states: NDArray[np.floating],
        rows: NDArray[np.int64],
        asked: NDArray[np.floating],
        targets: list[NDArray[np.int64]],
    ) -> float:
        """Macro-F1 of a probe trained on *rows*, summed over the *targets*, whose states are *asked*."""
        assert self.asked is not None
        truth, classes = self.asked.truth, self.asked.classes
        said = Ridge(states[rows]).scores(truth[None, rows], classes, asked).argmax(axis=2)
        parts = np.split(said, np.cumsum([len(tests) for tests in targets])[:-1], axis=1)
        return sum(
            float(resampling.macro_f1(np.ones((1, len(tests))), truth[tests], answer)[0, 0])
            for tests, answer in zip(targets, parts, strict=True)
        )


class Scores:
    """One measure of every layer: exact, under the draws, and of shuffled labels."""

    def __init__(self, layers: int, resamples: int) -> None:
        self.exact = np.full(layers, np.nan)
        self.drawn = np.full((resamples, layers), np.nan)
        self.controls = np.full((SHUFFLES, layers), np.nan)

    def take(
        self,
        place: int,
        measure: Measure,
        asked: Question,
        predicted: NDArray[np.int64],
        weights: NDArray[np.float32],
    ) -> None:
        """Judge *predicted* [1 + shuffles, n]: every label set's probe by that set."""
        evenly = np.ones((1, predicted.shape[1]), np.float32)
        once = measure(evenly, asked.codes, predicted)[0]
        again = measure(weights, asked.truth, predicted[:1])[:, 0]
        self.put(place, float(once[0]), again, once[1:])

    def put(self, place: int, exact: float, drawn: Floats, controls: Floats) -> None:
        self.exact[place], self.drawn[:, place], self.controls[:, place] = exact, drawn, controls

    def band(self) -> Band:
        return Band(self.exact, *resampling.bounds(self.drawn))

    def floor(self) -> Floats:
        """95 % of probes of shuffled labels lie below."""
        return np.quantile(self.controls, 0.95, axis=0)

    def selectivity(self) -> Floats:
        return self.exact - self.controls.mean(axis=0)

    def against_the_best(self, texts: float) -> dict[str, Any]:
        """``behind``, ``first``, ``ahead`` and ``needed`` of the profile; *texts*: in a domain, now."""
        nothing = np.full_like(self.exact, np.nan)
        if np.isnan(self.exact).all():
            return {
                "behind": Band(nothing, nothing, nothing), "first": nothing, "ahead": nothing,
                "needed": nothing,
            }  # fmt: skip
        best = int(np.nanargmax(self.exact))
        difference = self.drawn[:, [best]] - self.drawn
        behind = self.exact[best] - self.exact
        ahead = np.where(np.isnan(behind), np.nan, (difference > 0).mean(axis=0))
        needed = resampling.texts_needed(behind, difference.std(axis=0), texts)
        ahead[best] = needed[best] = np.nan
        winners = np.bincount(np.nanargmax(self.drawn, axis=1), minlength=len(behind))
        return {
            "behind": Band(behind, *resampling.bounds(difference)), "first": winners / len(difference),
            "ahead": ahead, "needed": needed,
        }  # fmt: skip
