"""Every layer asked by probes, on texts held out of all domains together: the label, and the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xfer_core.analysis import resampling
from xfer_core.analysis.controls import SHUFFLES, Question, folds, groups, held_out, question
from xfer_core.analysis.domains import a_distance
from xfer_core.analysis.ranking import Band, Floats, Ranking, ranked
from xfer_core.analysis.spread import of_a_distance
from xfer_core.i18n import N_, Said, as_message
from xfer_core.progress import Report, silent
from xfer_core.threads import single_threaded

FEWEST_DISTINCT = 20
"""Different texts below which there is no probe."""

FEW = N_("There are {n:,} texts: too few for probes, which need {fewest} different ones.")
ALIKE = N_(
    "Of {n:,} texts only {distinct:,} are different, the others equal: probes need {fewest} different ones."
)


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
    """The fields of :class:`~xfer_core.analysis.profile.Profile` that these probes fill; see there.

    *ranking* is that of task knowledge.
    """

    task: Band
    control: Floats
    selectivity: Floats
    domain: Band
    domain_control: Floats
    a_distance: Floats
    ranking: Ranking
    errors: dict[str, Floats]
    notes: tuple[Said, ...]


def probed(material: Material, report: Report = silent) -> Probed:
    """Ask every layer; all layers are judged on the same texts, drawn again in the same way."""
    layers = len(material.layers)
    same = groups(material.texts)
    asked, notes = _questions(material, same)
    fold = folds(same, material.labels, material.domains, material.seed)
    weights = resampling.draws(material.domains, material.seed)
    scores = {name: Scores(layers, len(weights)) for name in ("task", "domain")}
    distances, spreads = np.full(layers, np.nan), np.full(layers, np.nan)
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
                spreads[place] = of_a_distance(answers["domain"].scores, material.domains)
    ranking = ranked(
        material.layers, scores["task"].exact, scores["task"].drawn, scores["task"].floor(),
        texts=len(material.texts) / len(material.domain_names),
    )  # fmt: skip
    return Probed(
        task=scores["task"].band(), control=scores["task"].floor(), selectivity=scores["task"].selectivity(),
        domain=scores["domain"].band(), domain_control=scores["domain"].floor(), a_distance=distances,
        ranking=ranking, notes=tuple(notes),
        errors={"a_distance": spreads, "selectivity": scores["task"].drawn.std(axis=0)},
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
        message = FEW if len(same) < FEWEST_DISTINCT else ALIKE
        return {}, [*notes, as_message(message, n=len(same), distinct=distinct, fewest=FEWEST_DISTINCT)]
    if material.labelled:
        asked["task"] = question(material.labels, material.domains, same, material.seed)
    if material.several:
        asked["domain"] = question(material.domains, material.labels, same, material.seed)
    return asked, notes


Measure = Callable[[NDArray[np.number], NDArray[np.int64], NDArray[np.int64]], Floats]
"""Weights [resamples, n], classes and predictions [sets, n]: scores [resamples, sets]."""


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
        self.exact[place], self.drawn[:, place], self.controls[:, place] = once[0], again, once[1:]

    def band(self) -> Band:
        return Band(self.exact, *resampling.bounds(self.drawn))

    def floor(self) -> Floats:
        """95 % of probes of shuffled labels lie below."""
        return np.quantile(self.controls, 0.95, axis=0)

    def selectivity(self) -> Floats:
        return self.exact - self.controls.mean(axis=0)
